//! The same services with the graceful shutdown of their own server, as its documentation shows it. They are the control
//! for the figures in the docs.

use std::time::Duration;

use lifecycle_servers_tests::terminated;
use tokio::net::TcpListener;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

const SLOW: Duration = Duration::from_secs(2);

async fn bound() -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}

#[tokio::main]
async fn main() -> Result {
    let server = std::env::args().nth(1).expect("the name of a server");
    match server.as_str() {
        "actix_web" => actix_web().await,
        "axum" => axum().await,
        "poem" => poem().await,
        "rocket" => rocket().await,
        "salvo" => salvo().await,
        "tonic" => tonic().await,
        "warp" => warp().await,
        other => Err(format!("{other} is not a server").into()),
    }
}

/// actix-web listens for SIGTERM itself.
async fn actix_web() -> Result {
    use actix_web::{App, HttpServer, web};

    let app = || {
        let slow = async || {
            actix_web::rt::time::sleep(SLOW).await;
            "hello\n"
        };
        App::new().route("/", web::get().to(async || "hello\n")).route("/slow", web::get().to(slow))
    };
    HttpServer::new(app).listen(bound().await?.into_std()?)?.run().await?;
    Ok(())
}

async fn axum() -> Result {
    use axum::{Router, routing::get};

    let slow = async || {
        tokio::time::sleep(SLOW).await;
        "hello\n"
    };
    let routes = Router::new().route("/", get(async || "hello\n")).route("/slow", get(slow));
    axum::serve(bound().await?, routes).with_graceful_shutdown(terminated()).await?;
    Ok(())
}

async fn poem() -> Result {
    use poem::listener::TcpAcceptor;
    use poem::{Route, Server, get, handler};

    #[handler]
    async fn hello() -> &'static str {
        "hello\n"
    }

    #[handler]
    async fn slow() -> &'static str {
        tokio::time::sleep(SLOW).await;
        "hello\n"
    }

    let routes = Route::new().at("/", get(hello)).at("/slow", get(slow));
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(bound().await?)?);
    server.run_with_graceful_shutdown(routes, terminated(), Some(Duration::from_secs(30))).await?;
    Ok(())
}

/// Rocket listens for SIGTERM itself.
async fn rocket() -> Result {
    use rocket::{get, routes};

    #[get("/")]
    async fn hello() -> &'static str {
        "hello\n"
    }

    #[get("/slow")]
    async fn slow() -> &'static str {
        tokio::time::sleep(SLOW).await;
        "hello\n"
    }

    rocket::build().mount("/", routes![hello, slow]).launch().await?;
    Ok(())
}

async fn salvo() -> Result {
    use salvo::conn::tcp::TcpAcceptor;
    use salvo::{Router, Server, handler};

    #[handler]
    async fn hello() -> &'static str {
        "hello\n"
    }

    #[handler]
    async fn slow() -> &'static str {
        tokio::time::sleep(SLOW).await;
        "hello\n"
    }

    let server = Server::new(TcpAcceptor::try_from(bound().await?)?);
    let handle = server.handle();
    tokio::spawn(async move {
        terminated().await;
        handle.stop_graceful(None);
    });
    server.try_serve(Router::new().get(hello).push(Router::with_path("slow").get(slow))).await?;
    Ok(())
}

async fn tonic() -> Result {
    use lifecycle_servers_tests::grpc::Slow;
    use tonic::transport::Server;
    use tonic::transport::server::TcpIncoming;
    use tonic_health::pb::health_server::HealthServer;

    let incoming = TcpIncoming::from(bound().await?).with_nodelay(Some(true));
    let server = Server::builder().add_service(HealthServer::new(Slow));
    server.serve_with_incoming_shutdown(incoming, terminated()).await?;
    Ok(())
}

async fn warp() -> Result {
    use std::convert::Infallible;
    use warp::{Filter as _, path};

    let slow = path("slow").and_then(async || {
        tokio::time::sleep(SLOW).await;
        Ok::<_, Infallible>("hello\n")
    });
    let routes = path::end().map(|| "hello\n").or(slow);
    warp::serve(routes).incoming(bound().await?).graceful(terminated()).run().await;
    Ok(())
}
