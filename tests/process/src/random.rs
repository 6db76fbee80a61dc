//! Random numbers that a printed seed can repeat.

/// A small generator (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator with the seed from `LIFECYCLE_SEED`, or from the clock. Prints the seed.
    pub fn new() -> Random {
        let given = std::env::var("LIFECYCLE_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock = || {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
            u64::from(now.subsec_nanos()) ^ now.as_secs() << 20
        };
        let seed = given.unwrap_or_else(clock);
        println!("LIFECYCLE_SEED={seed}");
        Random(seed)
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % end
    }
}

impl Default for Random {
    fn default() -> Random {
        Random::new()
    }
}
