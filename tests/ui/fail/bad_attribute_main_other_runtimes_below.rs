mod actix {
    #[lifecycle::main]
    #[actix_web::main]
    async fn main() {}
}

mod async_std_main {
    #[lifecycle::main]
    #[async_std::main]
    async fn main() {}
}

mod rocket_main {
    #[lifecycle::main]
    #[rocket::main]
    async fn main() -> Result<(), String> {
        Ok(())
    }
}

mod imported {
    use tokio::main;

    #[lifecycle::main]
    #[main]
    async fn main() {}
}

fn main() {}
