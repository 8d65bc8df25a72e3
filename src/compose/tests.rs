//! Projects in directories of their own, as a user has them.

use std::fs;
use std::path::PathBuf;

use super::{Profiles, ProjectImages, images};
use dive_sources::Environment;

/// Files in a directory named `Shop`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("Shop")
    }

    fn read(&self, files: &[&str], variables: &[(&str, &str)], profiles: &[&str]) -> Result<ProjectImages, String> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new(self.path(), None, variables);
        let files: Vec<_> = files.iter().map(PathBuf::from).collect();
        let profiles = Profiles::new(profiles.iter().map(|name| (*name).to_owned()).collect());
        images(&files, &profiles, &environment).map_err(|error| error.to_string())
    }
}

/// A project of one file.
fn of(text: &str) -> Folder {
    Folder::new(&[("Shop/compose.yaml", text)])
}

fn names(images: &ProjectImages) -> Vec<String> {
    images.images.iter().map(|image| format!("{}={}", image.service, image.name)).collect()
}

fn names_of(text: &str) -> Vec<String> {
    names(&of(text).read(&["compose.yaml"], &[], &[]).unwrap())
}

fn error_of(text: &str) -> String {
    of(text).read(&["compose.yaml"], &[], &[]).unwrap_err()
}

#[test]
fn services_have_the_images_that_compose_runs() {
    let text = "services:\n  db:\n    image: postgres:17\n  web:\n    build: .\n  api:\n    build: { context: api }\n    \
                image: r.example:5000/api:1\n    platform: linux/arm64\n";
    let images = of(text).read(&["compose.yaml"], &[], &[]).unwrap();
    assert_eq!(names(&images), ["db=postgres:17", "web=shop-web", "api=r.example:5000/api:1"]);
    let [db, web, api] = &images.images[..] else { panic!("{images:?}") };
    assert_eq!((db.older_name.as_deref(), db.platform.as_deref()), (None, None));
    assert_eq!(web.older_name.as_deref(), Some("shop_web"));
    assert_eq!((api.older_name.as_deref(), api.platform.as_deref()), (None, Some("linux/arm64")));
    assert_eq!(web.place.origin().to_string(), "compose.yaml:5");
    assert!(images.warnings.is_empty() && images.disabled.is_empty());
}

#[test]
fn the_first_format_has_its_services_at_the_top() {
    assert_eq!(
        names_of("web:\n  build: .\n  links: [db]\ndb:\n  image: mysql:5\nname:\n  image: redis\n"),
        ["web=shop-web", "db=mysql:5", "name=redis"]
    );
    for version in ["'2'", "\"3.8\"", "2.4"] {
        assert_eq!(names_of(&format!("version: {version}\nservices: {{ db: {{ image: mysql }} }}\n")), ["db=mysql"]);
    }
}

#[test]
fn variables_come_from_the_environment_then_from_the_file() {
    let files = [
        ("Shop/.env", "TAG=1\nHOST=file.example\nCOMPOSE_PROJECT_NAME=Big Shop\n"),
        (
            "Shop/compose.yaml",
            "name: ${NAME:-other}\nservices: { a: { image: \"$HOST/a:${TAG}\" }, b: { build: . } }\n",
        ),
    ];
    let folder = Folder::new(&files);
    let images = folder.read(&["compose.yaml"], &[("HOST", "env.example")], &[]).unwrap();
    assert_eq!(names(&images), ["a=env.example/a:1", "b=bigshop-b"]);
    let images = folder.read(&["compose.yaml"], &[("COMPOSE_PROJECT_NAME", ""), ("NAME", "n1")], &[]).unwrap();
    assert_eq!(names(&images), ["a=file.example/a:1", "b=n1-b"]);
}

#[test]
fn a_variable_without_a_value_is_a_warning_or_an_error() {
    let images = of("services:\n  a:\n    image: ${PREFIX}app:1\n").read(&["compose.yaml"], &[], &[]).unwrap();
    assert_eq!(names(&images), ["a=app:1"]);
    assert_eq!(images.warnings, ["compose.yaml:3: PREFIX is not set, so the image is app:1"]);
    assert_eq!(
        error_of("services:\n  a:\n    image: app:${TAG}\n"),
        "compose.yaml:3: services.a.image: \"app:\" is not the name of an image: TAG is not set; set it in the environment \
         or in .env"
    );
    assert_eq!(
        error_of("services:\n  a:\n    image: app:${TAG:?say which}\n"),
        "compose.yaml:3: services.a.image: the variable TAG is not set: say which"
    );
}

#[test]
fn later_files_change_earlier_ones() {
    let folder = Folder::new(&[
        (
            "Shop/a.yaml",
            "services:\n  web: { image: web:1, profiles: [x] }\n  db: { image: db:1, build: . }\n  q: { image: q:1 }\n",
        ),
        (
            "Shop/b.yaml",
            "services:\n  web: { image: web:2, profiles: [y] }\n  db: { image: !reset null }\n  new: { image: new:1 }\n",
        ),
    ]);
    let read = |profiles: &[&str]| folder.read(&["a.yaml", "b.yaml"], &[], profiles).unwrap();
    assert_eq!(names(&read(&["y"])), ["web=web:2", "db=shop-db", "q=q:1", "new=new:1"]);
    assert_eq!(names(&read(&["x"])), names(&read(&["y"])), "lists are appended");
    assert_eq!(names(&read(&["z"])), ["db=shop-db", "q=q:1", "new=new:1"]);
}

#[test]
fn a_directory_stands_for_its_files() {
    let folder = Folder::new(&[
        ("Shop/app/docker-compose.yml", "services: { web: { build: . } }\n"),
        ("Shop/app/docker-compose.override.yml", "services: { web: { image: web:dev } }\n"),
        ("Shop/app/.env/lib", ""),
        ("Shop/empty/x", ""),
    ]);
    assert_eq!(names(&folder.read(&["app"], &[], &[]).unwrap()), ["web=web:dev"]);
    assert_eq!(names(&folder.read(&["app/docker-compose.yml"], &[], &[]).unwrap()), ["web=app-web"]);
    let error = folder.read(&["empty"], &[], &[]).unwrap_err();
    assert!(error.starts_with("empty: no Compose file here: dive looks for compose.yaml, "), "{error}");
}

#[test]
fn profiles_enable_services() {
    let folder = of("services: { web: { image: w }, adminer: { image: a, profiles: [debug] } }\n");
    let read = |variables: &[(&str, &str)], profiles: &[&str]| {
        let images = folder.read(&["compose.yaml"], variables, profiles).unwrap();
        (names(&images).len(), images.disabled)
    };
    assert_eq!(read(&[], &[]), (1, vec!["adminer".to_owned()]));
    assert_eq!(read(&[], &["debug"]), (2, Vec::new()));
    assert_eq!(read(&[], &["*"]), (2, Vec::new()));
    assert_eq!(read(&[("COMPOSE_PROFILES", "test, debug")], &[]), (2, Vec::new()));
    assert_eq!(
        error_of("services: { adminer: { image: a, profiles: [debug] } }\n"),
        "compose.yaml: no service has an image: all need a profile (adminer); set COMPOSE_PROFILES, or add --profile"
    );
}

#[test]
fn services_extend_others() {
    let folder = Folder::new(&[
        (
            "Shop/compose.yaml",
            "services:\n  base: { image: base:1, platform: linux/amd64 }\n  a: { extends: base }\n  \
             b: { extends: { service: base }, image: b:1 }\n  \
             c: { extends: { service: far, file: common/common.yaml } }\n",
        ),
        ("Shop/common/common.yaml", "services:\n  far: { extends: { service: deep, file: deep.yaml } }\n"),
        ("Shop/common/deep.yaml", "services:\n  deep: { image: \"deep:${TAG:-1}\" }\n"),
    ]);
    let images = folder.read(&["compose.yaml"], &[], &[]).unwrap();
    assert_eq!(names(&images), ["base=base:1", "a=base:1", "b=b:1", "c=deep:1"]);
    assert_eq!(images.images[2].platform.as_deref(), Some("linux/amd64"));
    assert_eq!(images.images[3].place.origin().to_string(), "common/deep.yaml:2");

    let circle = error_of("services:\n  a: { extends: b }\n  b: { extends: a }\n");
    assert!(circle.contains("in a circle"), "{circle}");
    assert_eq!(
        error_of("services:\n  a:\n    extends: nobody\n"),
        "compose.yaml:3: services.a.extends: compose.yaml has no service \"nobody\""
    );
    let missing = error_of("services:\n  a:\n    extends: { service: b, file: no.yaml }\n");
    assert_eq!(missing, "no.yaml: no such file; correct the path in compose.yaml:3");
}

#[test]
fn included_files_have_their_own_directory_and_variables() {
    let folder = Folder::new(&[
        (
            "Shop/compose.yaml",
            "include:\n  - db/compose.yaml\n  - path: [q/a.yaml, q/b.yaml]\n    env_file: q.env\nservices: { web: { image: \"w:$TAG\" } }\n",
        ),
        ("Shop/.env", "TAG=main\n"),
        ("Shop/db/compose.yaml", "services: { db: { image: \"db:$TAG-$DB\" }, tool: { build: . } }\n"),
        ("Shop/db/.env", "TAG=inner\nDB=7\n"),
        ("Shop/q/a.yaml", "services: { q: { image: \"q:$Q\" } }\n"),
        ("Shop/q/b.yaml", "services: { q: { platform: linux/s390x } }\n"),
        ("Shop/q.env", "Q=9\n"),
    ]);
    let images = folder.read(&["compose.yaml"], &[], &[]).unwrap();
    assert_eq!(names(&images), ["web=w:main", "db=db:main-7", "tool=shop-tool", "q=q:9"]);
    assert_eq!(images.images[3].platform.as_deref(), Some("linux/s390x"));

    let twice = Folder::new(&[
        ("Shop/compose.yaml", "include: [other.yaml]\nservices:\n  web: { image: a }\n"),
        ("Shop/other.yaml", "services: { web: { image: b } }\n"),
    ]);
    let error = twice.read(&["compose.yaml"], &[], &[]).unwrap_err();
    assert_eq!(error, "other.yaml:1: services.web: another file defines this service differently; rename one");
    let circle = error_of("include: [compose.yaml]\n");
    assert!(circle.contains("in a circle"), "{circle}");
    let remote = error_of("include:\n  - https://example.com/compose.yaml\n");
    assert!(remote.starts_with("compose.yaml:2: include.0: dive downloads no Compose files"), "{remote}");
}

#[test]
fn anchors_and_extensions_are_resolved() {
    let text = "x-app: &app\n  image: app:1\n  platform: linux/amd64\nservices:\n  web:\n    <<: *app\n    ports: [80:80]\n  \
                job:\n    <<: *app\n    image: job:1\n";
    assert_eq!(names_of(text), ["web=app:1", "job=job:1"]);
}

#[test]
fn a_file_that_is_no_project_is_an_error_with_its_line() {
    for (text, error) in [
        ("- a\n", "compose.yaml: this is not a Compose file: expected a mapping with `services`"),
        ("a: b\n", "compose.yaml: no service has an image; check that this is a Compose file"),
        ("services: web\n", "compose.yaml:1: services: expected a mapping of services"),
        ("services:\n  web: nginx\n", "compose.yaml:2: services.web: expected a mapping, with `image` or `build`"),
        (
            "services:\n  web: { ports: [80] }\n",
            "compose.yaml:2: services.web: the service has neither `image` nor `build`; add one",
        ),
        ("services:\n  web:\n    image: [a]\n", "compose.yaml:3: services.web.image: expected a text, found a list"),
        (
            "services:\n  web:\n    image: \"a b\"\n",
            "compose.yaml:3: services.web.image: \"a b\" is not the name of an image",
        ),
        (
            "services:\n  web:\n    image: ${A\n",
            "compose.yaml:3: services.web.image: `${A` is not a variable; write `${NAME}` for one, and `$$` for a dollar sign",
        ),
    ] {
        assert_eq!(error_of(text), error, "{text}");
    }
    let error = of("services: {}").read(&["other.yaml"], &[], &[]).unwrap_err();
    assert_eq!(error, "other.yaml: no such file; correct the path in --compose");
    assert_eq!(names_of("services: { model: { provider: { type: model } }, web: { image: w } }\n"), ["web=w"]);
}

#[test]
fn the_services_of_a_project_have_a_limit() {
    let services = |count: usize| {
        (0..count).map(|number| format!("  s{number}: {{ image: i{number} }}\n")).collect::<Vec<_>>().concat()
    };
    assert_eq!(names_of(&format!("services:\n{}", services(5000))).len(), 5000);
    let error = error_of(&format!("services:\n{}", services(5001)));
    assert!(error.contains("more than 5000 services"), "{error}");
}

/// As `docker compose config --images` 2.40 shows them.
#[test]
fn a_later_file_removes_or_replaces_a_whole_service() {
    let files = [
        (
            "Shop/a.yml",
            "services:\n  gone: { image: gone }\n  new: { image: old, build: . }\n  back: { image: x, build: . }\n",
        ),
        ("Shop/b.yml", "services:\n  gone: !reset null\n  new: !override\n    build: .\n  back: !reset {}\n"),
        ("Shop/c.yml", "services:\n  back: { image: back }\n"),
    ];
    let images = Folder::new(&files).read(&["a.yml", "b.yml", "c.yml"], &[], &[]).unwrap();
    assert_eq!(names(&images), ["new=shop-new", "back=back"]);
    assert_eq!(images.images[0].place.origin().to_string(), "b.yml:4");
    assert_eq!(images.images[1].older_name, None);
}

#[test]
fn the_name_of_the_project_is_a_variable() {
    let text =
        "name: ${N:-Other}\nservices: { web: { image: \"r/${COMPOSE_PROJECT_NAME}:1\" } }\ninclude: [sub/c.yaml]\n";
    let included = "services: { db: { image: \"r/${COMPOSE_PROJECT_NAME}-db\" } }\n";
    let folder = Folder::new(&[("Shop/compose.yaml", text), ("Shop/sub/c.yaml", included)]);
    for (variables, name) in
        [(&[][..], "other"), (&[("N", "third")], "third"), (&[("COMPOSE_PROJECT_NAME", "set")], "set")]
    {
        let images = folder.read(&["compose.yaml"], variables, &[]).unwrap();
        assert_eq!(names(&images), [format!("web=r/{name}:1"), format!("db=r/{name}-db")]);
    }
}

#[test]
fn files_named_by_a_variable_replace_the_usual_one() {
    let files = [
        ("Shop/.env", "TAG=0\n"),
        ("Shop/one.env", "TAG=1\nNAME=one\n"),
        ("Shop/two.env", "TAG=2\n"),
        ("Shop/compose.yaml", "services: { web: { image: \"${NAME:-none}:$TAG\" } }\n"),
    ];
    let read = |variables: &[_]| Folder::new(&files).read(&["compose.yaml"], variables, &[]);
    assert_eq!(names(&read(&[("COMPOSE_ENV_FILES", "one.env,two.env")]).unwrap()), ["web=one:2"]);
    assert_eq!(names(&read(&[("COMPOSE_ENV_FILES", "")]).unwrap()), ["web=none:0"]);
    assert!(read(&[("COMPOSE_ENV_FILES", "three.env")]).is_err());
}

/// A hostile project may name a secret of another folder, whose values would be in names that are printed and pulled.
#[test]
fn variables_come_from_the_project_alone() {
    let files = [
        ("secret.env", "KEY=secret\n"),
        ("Shop/common/b.env", "KEY=b\n"),
        ("Shop/sub/c.yaml", "services: { b: { image: \"r/$KEY\" } }\n"),
        ("Shop/inside.yaml", "include: [{ path: sub/c.yaml, env_file: common/b.env }]\n"),
        ("Shop/outside.yaml", "include: [{ path: sub/c.yaml, env_file: ../secret.env }]\n"),
        ("Shop/link/compose.yaml", "services: { b: { image: \"r/$KEY\" } }\n"),
    ];
    let folder = Folder::new(&files);
    assert_eq!(names(&folder.read(&["inside.yaml"], &[], &[]).unwrap()), ["b=r/b"]);
    let error = folder.read(&["outside.yaml"], &[], &[]).unwrap_err();
    assert!(error.starts_with("../secret.env: dive reads no variables from outside the project"), "{error}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../../secret.env", folder.path().join("link/.env")).unwrap();
        let error = folder.read(&["link/compose.yaml"], &[], &[]).unwrap_err();
        assert!(error.contains(".env: dive reads no variables from outside the project"), "{error}");
    }
    // The user names this one.
    let named = folder.read(&["link/compose.yaml"], &[("COMPOSE_ENV_FILES", "../secret.env")], &[]).unwrap();
    assert_eq!(names(&named), ["b=r/secret"]);
}

#[test]
fn texts_have_a_limit_over_all_services() {
    let profiles = vec!["$B"; 60].join(",");
    let services = (0..700).map(|number| format!("  s{number}: {{ image: a, profiles: [{profiles}] }}\n"));
    let text = format!("services:\n{}", services.collect::<Vec<_>>().concat());
    let env = format!("B={}\n", "x".repeat(64_000));
    let folder = Folder::new(&[("Shop/compose.yaml", &text), ("Shop/.env", &env)]);
    let error = folder.read(&["compose.yaml"], &[], &[]).unwrap_err();
    assert!(error.contains("expand to more than 8 MiB"), "{error}");
    // So have the variables of a file, and texts that are empty.
    let lines = (0..200).map(|number| format!("B{number}=$A\n")).collect::<Vec<_>>().concat();
    let env = format!("A={}\n{lines}", "x".repeat(64_000));
    let folder = Folder::new(&[("Shop/compose.yaml", "services: { a: { image: a } }\n"), ("Shop/.env", &env)]);
    let error = folder.read(&["compose.yaml"], &[], &[]).unwrap_err();
    assert_eq!(error, ".env:131: the variables of the project expand to more than 8 MiB (dive's limit)");
    let empty = vec!["''"; 200_000].join(",");
    let error = of(&format!("services: {{ a: {{ image: a, profiles: [{empty}] }} }}\n"));
    let error = error.read(&["compose.yaml"], &[], &[]).unwrap_err();
    assert!(error.contains("expand to more than 8 MiB"), "{error}");
}

/// Each file of variables counts each time that it is named.
#[test]
fn files_of_variables_have_a_limit() {
    let files = vec![".env"; 201].join(", ");
    let text = format!("include: [{{ path: other.yaml, env_file: [{files}] }}]\n");
    let other = ("Shop/other.yaml", "services: { a: { image: a } }\n");
    let folder = Folder::new(&[("Shop/compose.yaml", &text), ("Shop/.env", "A=1\n"), other]);
    let error = folder.read(&["compose.yaml"], &[], &[]).unwrap_err();
    assert!(error.contains("includes and extends more than 200 files"), "{error}");
}

#[cfg(unix)]
#[test]
fn pipes_of_a_project_are_refused() {
    for text in ["services: { a: { extends: { file: pipe, service: x } } }\n", "include: [pipe]\n"] {
        let folder = of(text);
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        let error = folder.read(&["compose.yaml"], &[], &[]).unwrap_err();
        assert_eq!(error, "pipe: not a regular file; write a file");
    }
}

#[test]
fn a_policy_can_keep_an_image_from_being_pulled() {
    let text = "services:\n  a: { image: a }\n  b: { image: b, pull_policy: never }\n  c: { image: c, build: ., pull_policy: build }\n  \
                d: { build: . }\n  e: { image: e, pull_policy: always }\n";
    let images = of(text).read(&["compose.yaml"], &[], &[]).unwrap();
    assert_eq!(
        images.images.iter().map(|image| image.is_never_pulled).collect::<Vec<_>>(),
        [false, true, true, true, false]
    );
}

#[test]
fn a_common_file_is_read_once_and_every_file_is_known() {
    let services = (0..250)
        .map(|number| format!("  s{number}: {{ extends: {{ file: ../common.yaml, service: app }} }}\n"))
        .collect::<Vec<_>>()
        .concat();
    let files = [
        ("Shop/compose.yaml", format!("include: [sub/c.yaml]\nservices:\n{services}")),
        ("Shop/.env", "A=1\n".to_owned()),
        ("common.yaml", "services: { app: { image: app } }\n".to_owned()),
        ("Shop/sub/c.yaml", "services: { db: { image: db } }\n".to_owned()),
        ("Shop/sub/.env", "B=1\n".to_owned()),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let mut images = Folder::new(&files).read(&["compose.yaml"], &[], &[]).unwrap();
    assert_eq!(images.images.len(), 251);
    images.files.sort();
    let known: Vec<_> = images.files.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(known, ["../common.yaml", ".env", "compose.yaml", "sub/.env", "sub/c.yaml"]);
}

/// As Compose 2.40 does.
#[test]
fn included_files_may_repeat_a_service_but_not_change_it() {
    let (one, other) = ("services: { web: { image: w } }\n", "services: { web: { image: x } }\n");
    let files = [("Shop/a.yaml", one), ("Shop/b.yaml", one), ("Shop/c.yaml", other)];
    let folder = |text| Folder::new(&[&files[..], &[("Shop/compose.yaml", text)]].concat());
    let same = folder("include: [a.yaml, b.yaml]\nservices: { web: { image: w } }\n");
    assert_eq!(names(&same.read(&["compose.yaml"], &[], &[]).unwrap()), ["web=w"]);
    let error = folder("include: [a.yaml, c.yaml]\n").read(&["compose.yaml"], &[], &[]).unwrap_err();
    assert_eq!(error, "c.yaml:1: services.web: another file defines this service differently; rename one");
}

/// Each file includes the next one twice: without a limit, a billion files are read.
#[test]
fn files_that_include_a_file_twice_have_a_limit() {
    let files: Vec<_> = (0..25)
        .map(|level| {
            let next = level + 1;
            let text = format!("include: [f{next}.yaml, f{next}.yaml]\nservices: {{}}\n");
            (format!("Shop/f{level}.yaml"), if level == 24 { "services: {}\n".to_owned() } else { text })
        })
        .collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let error = Folder::new(&files).read(&["f0.yaml"], &[], &[]).unwrap_err();
    assert!(error.contains("includes and extends more than 200 files"), "{error}");
}

#[test]
fn warnings_beyond_a_limit_are_counted() {
    let services = (0..30)
        .map(|number| format!("  s{number}: {{ image: \"i{number}$U{number}\" }}\n"))
        .collect::<Vec<_>>()
        .concat();
    let images = of(&format!("services:\n{services}")).read(&["compose.yaml"], &[], &[]).unwrap();
    assert_eq!(images.warnings.len(), 21);
    assert_eq!(images.warnings[20], "10 more images with unset variables");
}

/// A pull request may replace a file of the project by a link to a secret, or name one. Keys and values of a secret are not quoted.
#[cfg(unix)]
#[test]
fn no_error_quotes_a_file_outside_of_the_project() {
    let secrets = [
        "hunter2\n",
        "hunter2: hunter2\n",
        "[hunter2, ",
        "a: 1\nhunter2: 1\nhunter2: 2\n",
        "services: { hunter2: {} }\n",
    ];
    let in_services = ["services: { x: { image: [hunter2] } }\n", "services: { x: { image: \"${hunter2\" } }\n"];
    for secret in secrets.into_iter().chain(in_services) {
        let files = [
            ("secret", secret),
            ("Shop/include.yaml", "include: [link]\n"),
            ("Shop/included.yaml", "include: [../secret]\n"),
            ("Shop/extends.yaml", "services: { a: { extends: { file: link, service: x } } }\n"),
            ("Shop/extended.yaml", "services: { a: { extends: { file: ../secret, service: x } } }\n"),
            ("Shop/in_folder.yaml", "include: [up/secret]\n"),
            ("Shop/plain.yaml", "services: { a: { image: a } }\n"),
        ];
        let folder = Folder::new(&files);
        let within = folder.path().join("within.yaml");
        std::fs::write(folder.path().join(".ignored"), secret).unwrap();
        std::os::unix::fs::symlink(".ignored", within).unwrap();
        for (target, link) in [("../secret", "link"), ("..", "up"), ("../secret", "compose.yaml")] {
            std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
        }
        let read = |files: &[&str], variables: &[_]| folder.read(files, variables, &[]).unwrap_err();
        let linked = "this link leads out of the project; name its target, or replace the link by a copy";
        for file in ["include.yaml", "extends.yaml", "link"] {
            assert_eq!(read(&[file], &[]), format!("link: {linked}"), "{secret}");
        }
        assert_eq!(read(&["plain.yaml"], &[("COMPOSE_ENV_FILES", "link")]), format!("link: {linked}"));
        // Also the usual file of a directory, and one that is merged over another.
        for files in [&["."][..], &["plain.yaml", "compose.yaml"]] {
            assert!(read(files, &[]).ends_with(linked), "{secret}");
        }
        for file in ["included.yaml", "extended.yaml", "in_folder.yaml", "within.yaml"] {
            let error = read(&[file], &[]);
            assert!(!error.contains("hunter2"), "{secret}: {error}");
        }
        // A link on the way to the user's own file is not the user's.
        let error = read(&["up/secret"], &[]);
        assert!(error.contains("up/secret") && !error.contains("hunter2"), "{secret}: {error}");
        assert_eq!(read(&["plain.yaml"], &[("COMPOSE_ENV_FILES", "up/secret")]), format!("up/secret: {linked}"));
        // The user names it.
        assert!(read(&["../secret"], &[]).contains("../secret"), "{secret}");
    }
    // A directory may share files with others.
    let files = [("common.yaml", "services: { x: { image: x } }\n"), ("Shop/a.yaml", "include: [../common.yaml]\n")];
    assert_eq!(names(&Folder::new(&files).read(&["a.yaml"], &[], &[]).unwrap()), ["x=x"]);
}
