//! A listener that outlives the process in the store of the service manager (R37): with the feature `systemd`, on a Unix.

#[cfg(not(all(unix, feature = "systemd")))]
mod nowhere;
#[cfg(all(unix, feature = "systemd"))]
mod systemd;

#[cfg(not(all(unix, feature = "systemd")))]
pub(super) use nowhere::{Stored, remove_in_the_way, store_tcp, take_tcp};
#[cfg(all(unix, not(feature = "systemd")))]
pub(super) use nowhere::{store_unix, take_unix};
#[cfg(all(unix, feature = "systemd"))]
pub(super) use systemd::{Stored, remove_in_the_way, store_tcp, store_unix, take_tcp, take_unix};
