//! Sockets of Windows.

pub(crate) use std::os::windows::io::AsSocket;

/// The numbers of the errors of `accept`. The constants of the same names in `libc` belong to the C library, and no
/// socket returns them.
pub(crate) mod errno {
    #[cfg(test)]
    pub(crate) use windows_sys::Win32::Networking::WinSock::WSAECONNABORTED as ECONNABORTED;
    pub(crate) use windows_sys::Win32::Networking::WinSock::{
        WSA_NOT_ENOUGH_MEMORY as ENOMEM, WSAEACCES as EPERM, WSAEBADF as EBADF, WSAEFAULT as EFAULT,
        WSAEINVAL as EINVAL, WSAEMFILE as EMFILE, WSAENOBUFS as ENOBUFS, WSAENOTSOCK as ENOTSOCK,
        WSAEOPNOTSUPP as EOPNOTSUPP,
    };

    /// `ERROR_TOO_MANY_OPEN_FILES`, which is not an error of Winsock.
    pub(crate) const ENFILE: i32 = 4;
}
