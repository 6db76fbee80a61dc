const AUDIT: bool = true;

fn report(_: lifecycle::Report) {}

mod constant {
    #[lifecycle::main(observer = super::AUDIT)]
    async fn main() {}
}

mod argument {
    #[lifecycle::main(observer = super::report)]
    async fn main() {}
}

mod element {
    #[lifecycle::main(observer = [|_| (), |a, b| drop((a, b))])]
    async fn main() {}
}

mod unknown {
    #[lifecycle::main(observer = audit)]
    async fn main() {}
}

fn main() {}
