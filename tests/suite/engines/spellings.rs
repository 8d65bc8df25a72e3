//! Spellings of engine and registry names. A failure means that a name which `docker` or `skopeo` accepts opens another
//! image, or prints an error about another source.

use std::io::{BufReader, Write};
use std::time::Duration;

use crate::engines::http::Head;
use crate::skipped;
use crate::spellings::user;
use crate::user::User;

/// No engine runs here, so the error shows which one was chosen.
#[test]
fn image_names_select_the_same_engine_as_other_tools() {
    let user = user();
    for (argument, command) in [
        ("nginx", "docker save nginx"),
        ("docker-daemon:nginx:1", "docker save nginx:1"),
        ("DOCKER://nginx", "docker save nginx"),
        ("docker:team/nginx", "docker save team/nginx"),
        ("containers-storage:nginx", "podman save nginx"),
        ("podman:localhost/nginx:1", "podman save localhost/nginx:1"),
        // These words are subcommands here but were image names in dive.
        ("tree", "docker save tree"),
        ("cat", "docker save cat"),
        ("docker://tree", "docker save tree"),
    ] {
        let ran = user.runs(&[argument]);
        assert!(ran.error().contains(&format!("`{command} | dive -`")), "{argument}: {}", ran.error());
    }
    // Names that are also sources: the likelier meaning is tried, and the error names the other.
    for (argument, hint) in [
        ("podman:alpine", "to open alpine as an image in Podman, write podman://alpine"),
        ("docker:nginx", "to open nginx as an image in Docker, write docker://nginx"),
        ("registry:2", "to open 2 as an image in a registry, write registry://2"),
        ("registry:5000/app", "to open 5000/app as an image in a registry, write registry://5000/app"),
        ("oci:nowhere", "to open nowhere as an OCI layout directory, write oci://nowhere"),
        ("file:latest", "to open a file, write its path alone: latest"),
        ("x.tar:1.0", "to choose an image in x.tar, write `dive x.tar --image 1.0`"),
    ] {
        let tried = format!("cannot reach docker to look up {argument:?} (for details: `dive docker://{argument}`)");
        assert_eq!(user.runs(&[argument]).error(), format!("{hint}; {tried}"));
    }
    for (argument, path) in
        [("file:x.tar", "x.tar"), ("file:./no.tar", "./no.tar"), ("file:///x.tar", "/x.tar"), ("FILE://x.tar", "x.tar")]
    {
        let error = format!("{argument}: file: is not an image source; write the path alone: {path}");
        assert_eq!(user.runs(&[argument]).error(), error);
    }
    for (arguments, part) in [
        (&["tree"][..], "`dive tree IMAGE`"),
        (&["--ci", "tree", "-q"], "docker save tree"),
        (&["https://hub.docker.com/_/nginx"], "registry://nginx"),
        (&["http://localhost:5000/app"], "--insecure-registry localhost:5000 registry://localhost:5000/app"),
    ] {
        let ran = user.runs(arguments);
        assert!(ran.error().contains(part), "{arguments:?}: {}", ran.error());
    }
}

#[test]
fn engine_is_chosen_by_scheme_flag_or_configuration() {
    let user = User::new();
    let ran = user.runs(&["nginx:latest"]);
    assert!(ran.error().contains("\"nginx:latest\""), "{}", ran.error());
    let chosen = User::new().sets("DIVE_CONTAINER_ENGINE", "podman");
    for (user, arguments, command) in [
        (&user, &["nginx:latest"][..], "docker save nginx:latest"),
        (&user, &["tree", "nginx"], "docker save nginx"),
        (&user, &["podman://nginx"], "podman save nginx"),
        (&user, &["--source", "podman", "nginx"], "podman save nginx"),
        (&chosen, &["nginx"], "podman save nginx"),
    ] {
        let ran = user.runs(arguments);
        assert!(ran.error().contains(&format!("`{command} | dive -`")), "{arguments:?}: {}", ran.error());
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

/// Repositories often have a folder named like their image.
#[test]
fn folder_named_like_an_image_does_not_hide_it() {
    let user = user();
    std::fs::create_dir(user.file("app")).unwrap();
    std::fs::write(user.file("app/main.rs"), "").unwrap();
    let ran = user.runs(&["app"]);
    assert!(ran.error().contains("`docker save app | dive -`"), "{}", ran.error());
    assert!(
        ran.error().contains("the directory ./app contains no image: it has none of oci-layout"),
        "{}",
        ran.error()
    );
    for path in ["./app", "app/"] {
        assert!(user.runs(&[path]).error().contains("no manifest.json"), "{path}");
    }
    assert!(!user.runs(&["docker://app"]).error().contains("./app"));
    for marker in ["oci-layout", "index.json", "manifest.json", "repositories"] {
        std::fs::write(user.file("app").join(marker), "{}").unwrap();
        assert!(!user.runs(&["app"]).error().contains("cannot be reached"), "a folder with {marker} is an image");
        std::fs::remove_file(user.file("app").join(marker)).unwrap();
    }
}

#[test]
fn engine_address_without_scheme_is_tcp() {
    let engine = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = engine.local_addr().unwrap().to_string();
    drop(engine);
    for (variable, image) in [("DOCKER_HOST", "docker://nginx"), ("CONTAINER_HOST", "podman://nginx")] {
        for value in [address.clone(), format!("  {address} "), format!("tcp://{address}")] {
            let ran = User::new().sets(variable, &value).runs(&[image]);
            let tried = format!("{variable} (tcp://{address})");
            assert!(ran.error().contains(&tried), "{value:?}: {}", ran.error());
        }
    }
}

#[test]
fn registry_with_ipv6_address_is_reached() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        skipped::note("IPv6", "this machine has no address ::1");
        return;
    };
    let host = listener.local_addr().unwrap().to_string();
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut input = BufReader::new(&stream);
            let Ok(Some(head)) = Head::read(&mut input) else { continue };
            let none = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = (&stream).write_all(none.as_bytes());
            let _ = sender.send(head.first);
        }
    });
    for image in [format!("registry://{host}/app:1"), format!("registry:{host}/app:1")] {
        let ran = User::new().runs(&["--insecure-registry", &host, &image]);
        assert!(ran.error().contains(&host), "{image}: {}", ran.error());
        assert_eq!(asked.recv_timeout(Duration::from_secs(10)).unwrap(), "GET /v2/app/manifests/1 HTTP/1.1");
        while asked.try_recv().is_ok() {}
    }
}
