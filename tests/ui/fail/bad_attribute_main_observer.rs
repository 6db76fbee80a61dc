mod quotes {
    #[lifecycle::main(observer = "audit")]
    async fn main() {}
}

mod no_value {
    #[lifecycle::main(observer)]
    async fn main() {}
}

mod empty {
    #[lifecycle::main(observer = [])]
    async fn main() {}
}

mod twice {
    #[lifecycle::main(observer = drop, observer = drop)]
    async fn main() {}
}

mod comma {
    #[lifecycle::main(observer = drop grace = "1s")]
    async fn main() {}
}

fn main() {}
