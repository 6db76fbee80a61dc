#[lifecycle::test(grase = "5s")]
async fn a_misspelt_key() {}

#[lifecycle::test(timeout = "5s", start_paused = true)]
async fn unknown_keys() {}

#[lifecycle::test(clock = "fast")]
async fn an_unknown_clock() {}

#[lifecycle::test(clock = paused)]
async fn a_clock_without_quotes() {}

#[lifecycle::test(report = "dirty")]
async fn an_unknown_report() {}

#[lifecycle::test(grace = "5 minuets", lame_duck = 1)]
async fn bad_durations() {}

#[lifecycle::test(grace = "1ms")]
async fn a_grace_that_is_too_short() {}

#[lifecycle::test(grace = "5s", lame_duck = "5s")]
async fn a_lame_duck_over_grace() {}

#[lifecycle::test(lame_duck = "1m")]
async fn a_lame_duck_over_the_default_grace() {}

#[lifecycle::test(grace = "5s", grace = "6s")]
async fn a_key_twice() {}

#[lifecycle::test(grace)]
async fn a_key_without_a_value() {}

#[lifecycle::test("5s")]
async fn a_value_without_a_key() {}

#[lifecycle::test(grace = "5s" clock = "paused")]
async fn a_missing_comma() {}

fn main() {}
