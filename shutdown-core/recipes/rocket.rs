use std::time::Duration;

use lifecycle::Gate;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::{Config, get, routes};

#[get("/")]
async fn hello() -> &'static str {
    "hello\n"
}

#[get("/slow")]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(2)).await;
    "hello\n"
}

/// How long Rocket waits for the connections that are open when it stops: the whole time if there is one.
const ROCKET_WAITS: Duration = Duration::from_secs(1);

#[lifecycle::main(grace = "25s", lame_duck = "1s")]
async fn main() -> Result<(), rocket::Error> {
    let config = Config::figment()
        .merge(("shutdown.ctrlc", false)) // no signal handlers
        .merge(("shutdown.signals", Vec::<String>::new()))
        .merge(("shutdown.grace", ROCKET_WAITS.as_secs()))
        .merge(("shutdown.mercy", 1))
        .merge(("shutdown.force", false)); // no exit of the process

    // Tells keep-alive clients to close their connection after the stop has begun.
    let close_when_stopping = AdHoc::on_response("close when stopping", |_, response| {
        Box::pin(async move {
            if lifecycle::is_stopping() {
                response.set_raw_header("connection", "close");
            }
        })
    });
    // Rocket stops after the requests in flight have ended. The pass is dropped with its request.
    let gate = Gate::new();
    let passes = gate.clone();
    let in_flight = AdHoc::on_request("requests in flight", move |request, _| {
        let pass = passes.pass();
        Box::pin(async move {
            request.local_cache(|| pass);
        })
    });

    let rocket = rocket::custom(config).mount("/", routes![hello, slow]);
    let rocket = rocket.attach(in_flight).attach(close_when_stopping).ignite().await?;
    let shutdown = rocket.shutdown();
    lifecycle::spawn(async move {
        lifecycle::draining().await;
        gate.close();
        gate.drained().await;
        shutdown.notify();
    });
    match rocket.launch().await {
        // Rocket may return while connections are open. They get the second that it has not waited for.
        Err(error) if matches!(error.kind(), ErrorKind::Shutdown(..)) => {
            tokio::time::sleep(ROCKET_WAITS).await
        }
        result => drop(result?),
    }
    Ok(())
}
