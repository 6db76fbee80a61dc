//! Random bytes of a connection, in random pieces: the framing finds each head and each end where hyper finds it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::any_request::any_connection;
use super::hyper_view::{Seen, View};
use super::{Framing, Mark, Missing};
use crate::plan::tests::cases;

/// The framing after each number of bytes, and the marks.
struct ByteByByte {
    after: Vec<Framing>,
    marks: Vec<(Mark, usize)>,
}

impl ByteByByte {
    fn of(bytes: &[u8]) -> ByteByByte {
        let (mut framing, mut after, mut marks) = (Framing::NEW, vec![Framing::NEW], Vec::new());
        for (at, byte) in bytes.iter().enumerate() {
            // Bytes that only begin as a preface are told late, so that a mark can be before its byte.
            framing.read(std::slice::from_ref(byte), |mark, before| marks.push((mark, at + before)));
            after.push(framing);
        }
        ByteByByte { after, marks }
    }

    fn head_ends(&self) -> Vec<usize> {
        self.marks.iter().filter(|(mark, _)| *mark == Mark::End).map(|&(_, at)| at).collect()
    }
}

/// Requires that the framing says of one request what hyper says.
fn is_seen_alike(framing: &[Framing], seen: Seen, bytes: &[u8]) -> Result<(), TestCaseError> {
    let Seen { head_end, end: Some(end) } = seen else { return Ok(()) };
    for (at, state) in framing.iter().enumerate().take(end).skip(head_end) {
        let is_right = match state.missing() {
            Missing::Bytes(missing) => missing == (end - at) as u64,
            Missing::Chunks => true,
        };
        prop_assert!(
            is_right && !state.is_in_head(),
            "{state:?} at {at} of {seen:?}: {}",
            bytes.escape_ascii()
        );
    }
    prop_assert_eq!(framing[end], Framing::Between, "after the body of {}", bytes.escape_ascii());
    // An empty line after the end belongs to no request.
    let blank = bytes[end..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    prop_assert_eq!(framing[end + blank], Framing::Between);
    if end + blank < bytes.len() {
        prop_assert!(framing[end + blank + 1].is_in_head(), "a head begins");
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(300))]

    /// R18. What hyper refuses is compared up to the refusal.
    #[test]
    fn each_head_and_each_end_is_where_hyper_finds_it(bytes in any_connection()) {
        let view = View::of(&bytes);
        let framing = ByteByByte::of(&bytes);
        let expected: Vec<usize> = view.requests.iter().map(|seen| seen.head_end).collect();
        let mut found = framing.head_ends();
        if view.closed.is_some() {
            // What comes after the last request that hyper has accepted is refused, or not read.
            let end = view.requests.last().map_or(Some(0), |last| last.end);
            found.retain(|&found| end.is_some_and(|end| found < end) || expected.contains(&found));
        }
        prop_assert_eq!(found, expected, "{:?} of {}", view, bytes.escape_ascii());
        for seen in view.requests {
            is_seen_alike(&framing.after, seen, &bytes)?;
        }
    }

    /// The pieces are those of the network.
    #[test]
    fn the_pieces_do_not_matter(bytes in any_connection(), cuts in vec(any::<Index>(), 0..9)) {
        let whole = ByteByByte::of(&bytes);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let (mut framing, mut marks) = (Framing::NEW, Vec::new());
        for piece in cuts.windows(2) {
            framing.read(&bytes[piece[0]..piece[1]], |mark, before| marks.push((mark, piece[0] + before)));
            prop_assert_eq!(framing, whole.after[piece[1]], "after {} bytes", piece[1]);
        }
        let ends = |marks: &[(Mark, usize)]| -> Vec<_> { marks.iter().filter(|(mark, _)| *mark == Mark::End).copied().collect() };
        prop_assert_eq!(ends(&marks), ends(&whole.marks));
    }
}

/// The comparison is only worth something if hyper accepts most of the random requests.
#[test]
fn hyper_accepts_most_of_the_random_requests() {
    let mut runner = TestRunner::deterministic();
    let views = (0..200).map(|_| {
        let tree = any_connection().new_tree(&mut runner).expect("nothing is filtered");
        View::of(&tree.current())
    });
    let (requests, closed) = views.fold((0, 0), |(requests, closed), view| {
        let whole = view.requests.iter().filter(|seen| seen.end.is_some()).count();
        (requests + whole, closed + usize::from(view.closed.is_some()))
    });
    assert!(requests > 300 && closed > 20, "{requests} accepted, {closed} connections closed");
}
