//! Documents since the last commit of a `tantivy::IndexWriter`.

include!("../../../shutdown-core/ready-made/tantivy.rs");

use tantivy::schema::{Schema, TEXT};
use tantivy::{Index, doc};

#[tokio::test]
async fn documents_since_the_last_commit_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut schema = Schema::builder();
    let text = schema.add_text_field("text", TEXT);
    let index = Index::create_in_dir(folder.path(), schema.build()).unwrap();
    let writer: IndexWriter = index.writer(15_000_000).unwrap();
    writer.add_document(doc!(text => "the last words")).unwrap();
    let search = Search { writer: Slot::new(writer) };
    assert_eq!(index.reader().unwrap().searcher().num_docs(), 0);
    lifecycle_ready_made_tests::stopped(search).await;
    assert_eq!(index.reader().unwrap().searcher().num_docs(), 1);
}
