//! Where a server is: as the environment says.

/// The value of this variable.
pub(crate) fn url(name: &str, server: &str) -> anyhow::Result<String> {
    // Empty is what a script makes of one that it has not set either.
    std::env::var(name).ok().filter(|url| !url.is_empty()).ok_or_else(|| {
        anyhow::anyhow!(
            "`{name}` is not set: it says where {server} is; `examples/servers`, in another terminal, starts one \
             and prints what to paste into this one"
        )
    })
}
