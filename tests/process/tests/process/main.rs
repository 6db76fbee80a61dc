//! Real children, which real signals stop.

mod blocked;
mod exit_status;
mod fd_store;
mod instances;
mod pid_one;
mod plain_main;
mod plan;
mod quiet;
mod reload;
mod report_file;
mod signals;
mod startup;
mod streams;
mod systemd;
