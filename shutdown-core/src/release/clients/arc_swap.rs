//! Pointers of `arc_swap`: `ArcSwap`, `ArcSwapOption`, `ArcSwapAny`. Needs the feature `arc-swap`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | a pointer to a known type | the same as without the pointer | releases the value of that moment | as for that type |
//!
//! A value that was swapped out before is not released. Release it where it is swapped out.

use arc_swap::{ArcSwapAny, RefCnt, strategy::Strategy};

use crate::lint::leak::Wrapper::Stays;
use crate::release::Release;
use crate::release::wrappers::wrappers;

wrappers! {
    [+ RefCnt, S: Strategy<T>] ArcSwapAny<T, S>: Stays("ArcSwapAny<", ">");
}

#[diagnostic::do_not_recommend]
impl<List: 'static, R, S> Release<List> for ArcSwapAny<R, S>
where
    R: RefCnt + Release<List>,
    S: Strategy<R> + Send + Sync + 'static,
{
    const BLOCKING: bool = R::BLOCKING;
    const KEPT_AFTER_FAILURE: bool = R::KEPT_AFTER_FAILURE;

    async fn release(&self) -> Result<(), String> {
        self.load_full().release().await
    }
}
