//! The images of a Compose project in an engine: those that the project builds, by the names of Compose 1 and 2.

use super::fake::FakeEngine;
use crate::build::{Format, image};
use crate::user::User;

#[test]
fn images_that_a_project_builds_are_found_by_both_names() {
    let archive = |file: &str| image().layer(|layer| layer.file(file, file)).archive(Format::DockerArchive);
    let engine = FakeEngine::of(vec![
        ("shop-api:latest", archive("api")),
        ("shop_web:latest", archive("web")),
        ("postgres:16", archive("db")),
    ]);
    let project = "name: shop\nservices:\n  api: { build: . }\n  web: { build: . }\n  worker: { build: . }\n  db: { image: postgres:16 }\n";
    let user = User::new().sets("DOCKER_HOST", engine.address()).writes("compose.yaml", project);
    // What lies beside the project is not an image of it.
    std::fs::create_dir(user.file("shop-api")).unwrap();
    let ran = user.runs(&["--ci", "--compose", "compose.yaml"]).ends_with(2);
    let (_, table) = ran.stdout.split_once("\nImages:\n").expect("a table");
    let rows: Vec<_> = table.lines().skip(1).take(4).map(|row| row.split_whitespace()).collect();
    let rows: Vec<_> = rows.into_iter().map(|mut row| (row.next().unwrap(), row.last().unwrap())).collect();
    assert_eq!(rows, [("shop-api", "kept"), ("shop-web", "kept"), ("shop-worker", "unread"), ("postgres:16", "kept")]);
    ran.prints(&[
        "  compose.yaml:5: shop-worker: docker has no such image; the service worker builds it: run `docker compose build worker` first\n",
    ]);
}
