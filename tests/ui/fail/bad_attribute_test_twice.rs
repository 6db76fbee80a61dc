#[lifecycle::test]
#[lifecycle::test]
async fn twice() {}

#[lifecycle::test]
#[test]
async fn a_plain_test_below() {}

#[lifecycle::test]
#[tokio::test(start_paused = true)]
async fn a_test_of_tokio_below() {}

#[tokio::test]
#[lifecycle::test]
async fn a_test_of_tokio_above() {}

#[lifecycle::test]
#[lifecycle::main]
async fn main() {}
