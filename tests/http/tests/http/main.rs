//! Real servers in real processes, stopped by real signals, and clients that send at chosen instants.

mod ages;
mod at_the_signal;
mod connection_header;
mod floods;
mod grpc;
mod half_closed;
mod half_way;
mod http2_byte_by_byte;
mod last_answers;
mod listeners;
mod over_http2;
mod pipelined;
mod plain;
mod probes;
mod random_requests;
mod readiness;
mod streams;
mod tls;
