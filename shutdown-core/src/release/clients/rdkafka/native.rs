//! What `rdkafka` does not export of librdkafka: a setting, a flush that waits, a commit with a time limit, and the close
//! of a consumer by reference.

#![expect(unsafe_code, reason = "calls into librdkafka, with a client that the caller borrows")]

use std::ffi::{CStr, c_char};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings::{
    rd_kafka_commit_queue, rd_kafka_conf, rd_kafka_conf_get, rd_kafka_conf_res_t,
    rd_kafka_consumer_close_queue, rd_kafka_consumer_closed, rd_kafka_error_destroy, rd_kafka_error_string,
    rd_kafka_event_destroy, rd_kafka_event_error, rd_kafka_event_topic_partition_list, rd_kafka_flush,
    rd_kafka_queue_destroy, rd_kafka_queue_get_consumer, rd_kafka_queue_new, rd_kafka_queue_poll,
};
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

/// Returns whether the stored offsets are those of handled messages, by the consumer's own settings.
pub(super) fn stores_what_is_done<C: ClientContext>(client: &Client<C>) -> bool {
    is_on(client, c"enable.auto.commit") || !is_on(client, c"enable.auto.offset.store")
}

fn is_on<C: ClientContext>(client: &Client<C>, name: &CStr) -> bool {
    const ON: &[u8] = b"true\0";
    // One byte more than `false` needs.
    let mut value = [0_u8; 7];
    let mut size = value.len();
    // SAFETY: the client outlives the call, which writes at most `size` bytes.
    let read = unsafe {
        let settings = rd_kafka_conf(client.native_ptr());
        rd_kafka_conf_get(settings, name.as_ptr(), value.as_mut_ptr().cast::<c_char>(), &raw mut size)
    };
    read == rd_kafka_conf_res_t::RD_KAFKA_CONF_OK && value.starts_with(ON)
}

/// Flushes a producer for this time. Returns whether its queue is empty.
///
/// The `flush` of `rdkafka` does not wait in librdkafka, which ignores `linger.ms` only while it waits. So the messages
/// that linger would stay in the queue.
pub(super) fn flush<C: ClientContext>(client: &Client<C>, time: Duration) -> Result<bool, RDKafkaErrorCode> {
    let time = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client outlives the call.
    match unsafe { rd_kafka_flush(client.native_ptr(), time) } {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(true),
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT => Ok(false),
        error => Err(error.into()),
    }
}

/// Commits the stored offsets, and waits for the broker's answer, at most for the limit.
pub(super) fn commit_stored<C: ClientContext>(
    client: &Client<C>,
    limit: Option<Duration>,
) -> Result<(), RDKafkaErrorCode> {
    // librdkafka waits without a limit if it is negative.
    let limit = limit.map_or(-1, |limit| i32::try_from(limit.as_millis()).unwrap_or(i32::MAX));
    // SAFETY: the client outlives the call. The queue and the event are destroyed once, after their last use. A queue
    // that is destroyed before the answer is kept by librdkafka until then.
    let answer = unsafe {
        let queue = rd_kafka_queue_new(client.native_ptr());
        let mut answer =
            rd_kafka_commit_queue(client.native_ptr(), ptr::null(), queue, None, ptr::null_mut());
        if answer == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            let event = rd_kafka_queue_poll(queue, limit);
            answer = match event.is_null() {
                true => RDKafkaRespErr::RD_KAFKA_RESP_ERR__TIMED_OUT,
                false => rd_kafka_event_error(event),
            };
            if answer == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                answer = of_partitions(event);
            }
            rd_kafka_event_destroy(event);
        }
        rd_kafka_queue_destroy(queue);
        answer
    };
    match answer {
        // There was nothing to commit.
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR | RDKafkaRespErr::RD_KAFKA_RESP_ERR__NO_OFFSET => Ok(()),
        error => Err(error.into()),
    }
}

/// Returns the error of the first partition that has one. The event has no error if one partition has none.
///
/// # Safety
///
/// The event is that of a commit, and is not destroyed yet.
unsafe fn of_partitions(event: *mut rdkafka::bindings::rd_kafka_event_t) -> RDKafkaRespErr {
    // SAFETY: the list belongs to the event, and has `cnt` elements.
    let partitions = unsafe {
        let list = rd_kafka_event_topic_partition_list(event);
        match list.is_null() || (*list).cnt <= 0 {
            true => &[],
            false => std::slice::from_raw_parts((*list).elems, usize::try_from((*list).cnt).unwrap_or(0)),
        }
    };
    let errors = partitions.iter().map(|partition| partition.err);
    let mut errors = errors.filter(|error| {
        !matches!(
            error,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR | RDKafkaRespErr::RD_KAFKA_RESP_ERR__NO_OFFSET
        )
    });
    errors.next().unwrap_or(RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR)
}

/// Begins to close a consumer of a group. Its next events say that it has left the group.
pub(super) fn close<C: ClientContext>(client: &Client<C>) -> Result<(), String> {
    // SAFETY: the client outlives the calls. The queue and the error are destroyed once, after their last use.
    unsafe {
        let queue = rd_kafka_queue_get_consumer(client.native_ptr());
        if queue.is_null() {
            return Ok(());
        }
        let error = rd_kafka_consumer_close_queue(client.native_ptr(), queue);
        rd_kafka_queue_destroy(queue);
        if error.is_null() {
            return Ok(());
        }
        let reason = CStr::from_ptr(rd_kafka_error_string(error)).to_string_lossy().into_owned();
        rd_kafka_error_destroy(error);
        Err(reason)
    }
}

/// Returns whether a consumer has left its group.
pub(super) fn is_closed<C: ClientContext>(client: &Client<C>) -> bool {
    // SAFETY: the client outlives the call, which reads a number.
    unsafe { rd_kafka_consumer_closed(client.native_ptr()) == 1 }
}
