//! Sockets of a Unix.

pub(crate) use std::os::fd::AsFd as AsSocket;

/// The numbers of the errors of `accept(2)`.
pub(crate) mod errno {
    #[cfg(test)]
    pub(crate) use libc::ECONNABORTED;
    pub(crate) use libc::{
        EBADF, EFAULT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOTSOCK, EOPNOTSUPP, EPERM,
    };
}
