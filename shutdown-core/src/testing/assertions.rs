//! Assertions on a tally. Their text says what was lost.

use super::outcome::Outcome;
use super::tally::Tally;

/// Requires that a [`Tally`](crate::testing::Tally) has this number of lost requests, and at least one request.
///
/// Requests with an outcome of `except` are not counted, such as those of clients that came after the stop.
///
/// ```
/// use lifecycle::testing::{Outcome, Tally};
///
/// let tally: Tally = [Outcome::Answered, Outcome::Refused].into_iter().collect();
/// lifecycle::assert_lost!(tally, 0, except = [Outcome::Refused]);
/// ```
///
/// # Panics
///
/// If another number was lost. The message has the count of each outcome, and examples of what was lost.
#[macro_export]
macro_rules! assert_lost {
    ($tally:expr, $count:expr $(,)?) => {
        $crate::testing::__assert_lost(&$tally, $count, &[])
    };
    ($tally:expr, $count:expr, except = $except:expr $(,)?) => {
        $crate::testing::__assert_lost(&$tally, $count, &$except)
    };
}

#[doc(hidden)]
#[track_caller]
pub fn __assert_lost(tally: &Tally, count: usize, except: &[Outcome]) {
    assert!(tally.requests() > 0, "no request was sent, so that nothing could be lost");
    let lost = tally.lost_except(except);
    assert!(lost == count, "{lost} requests were lost, not {count}: {tally}{}", tally.losses(except));
}
