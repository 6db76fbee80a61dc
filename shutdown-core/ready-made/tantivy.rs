use lifecycle::Slot;
use tantivy::IndexWriter;

lifecycle::known_types! {
    IndexWriter, "the documents since the last commit", "finish", blocking, take;
}

trait Finish {
    fn finish(self) -> tantivy::Result<()>;
}

impl Finish for IndexWriter {
    fn finish(mut self) -> tantivy::Result<()> {
        self.commit()?;
        self.wait_merging_threads()
    }
}

#[lifecycle::resource]
pub struct Search {
    #[teardown]
    pub writer: Slot<IndexWriter>,
}
