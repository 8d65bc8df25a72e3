//! Libraries and weights that an image has twice, from two layers or in parts. A failure means that dive calls the needed half
//! superfluous, or blames the base for what its user chose.

use dive_model::advice::{AdviceKind, KindSet};

use serde_json::{Value, json};

use super::{finds, says};
use crate::build::{Format, Layer, image};
use crate::user::User;

/// The base has one half, an own instruction brings the other: the user chooses the base.
#[test]
fn libraries_of_the_base_beside_own_packages_are_ours() {
    let python = "opt/site-packages/nvidia/libcublas.so.12";
    let system = |l: Layer| l.file("usr/lib/libcublas.so.12", "12345").file("var/lib/dpkg/status", "1");
    let own = image()
        .runs_as("app")
        .layer(system)
        .layer(|l| l.file("app/a", "1"))
        .layer(|l| l.file(python, "123").created_by("RUN /bin/sh -c pip install torch # buildkit"));
    finds(&own, "cuda-twice 5 B 1 files layer 0 /usr/lib/libcublas.so.12");
    says(
        &own,
        &[
            "layer 2: /usr/lib/libcublas.so.12 is not needed beside /opt/site-packages/nvidia/libcublas.so.12; use a base \
           without them, such as `nvidia/cuda:*-base-*`",
        ],
    );
    let opened = own.open();
    let advice = opened.opened().advice(KindSet::on());
    assert_eq!(
        [0..1, 1..3].map(|layers| advice.bytes_in(&layers, None)),
        [0, 5],
        "a rule about own layers counts them"
    );
    let (of_base, ours) = advice.partitions(opened.tree(), &opened.exact());
    assert_eq!((of_base.advice_bytes, ours.advice_bytes), (5, 0), "the bytes are in a layer of the base");
    let archive = own.save(Format::DockerArchive);
    let arguments = ["advise", archive.path().to_str().unwrap(), "--format", "json"];
    let document: Value = serde_json::from_str(&User::new().runs(&arguments).ends_with(0).stdout).unwrap();
    let finding = &document["findings"][0];
    assert_eq!([&finding["layer"], &finding["hiddenBy"], &finding["doubledBy"]], [&json!(0), &Value::Null, &json!(2)]);
    // The base has both copies, even if an own layer changes the owner of one.
    let both = |l: Layer| system(l).file(python, "123");
    let chown = |l: Layer| {
        l.file(python, "123").owner(7, 7).created_by("RUN /bin/sh -c chown -R app /opt/site-packages # buildkit")
    };
    finds(
        &image().runs_as("app").layer(both).layer(chown),
        "
        rewritten-metadata 3 B 1 files layer 0 hidden by 1 /opt/site-packages/nvidia/libcublas.so.12
        cuda-twice 5 B 1 files layer 0 of the base /usr/lib/libcublas.so.12
        ",
    );
}

/// Half of a model in the newest format replaces no older one.
#[test]
fn weights_beside_an_incomplete_or_differently_divided_model_are_needed() {
    let found = |files: &[&str]| {
        let image = image().layer(|l| {
            files.iter().zip(b'a'..).fold(l, |l, (name, letter)| l.file(format!("m/{name}"), vec![letter; 9]))
        });
        let found = image.open().opened().advice([AdviceKind::ModelWeightsTwice].into_iter().collect()).findings;
        found.iter().map(|finding| finding.files).sum::<u64>()
    };
    let (half, other) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
    let older = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
    assert_eq!(found(&["pytorch_model.bin", half]), 0);
    assert_eq!(found(&["pytorch_model.bin", half, other]), 1);
    assert_eq!(found(&[older[0], older[1], half]), 0);
    assert_eq!(found(&[older[0], older[1], half, other]), 2);
    assert_eq!(found(&[older[0], older[1], "model.safetensors"]), 2);
    assert_eq!(found(&["pytorch_model-00001-of-00003.bin", half, other]), 0);
    assert_eq!(found(&["pytorch_model.bin", "model-00003-of-00002.safetensors", half]), 0);
    assert_eq!(found(&["model.bin", "model-00001-of-00000.safetensors"]), 0);
}

/// cuDNN 9 has other parts than cuDNN 8.
#[test]
fn parts_of_another_cudnn_are_found() {
    let python = "x/site-packages/nvidia/cudnn/lib/libcudnn.so.9";
    let of = |python: &str| image().layer(|l| l.file("usr/lib/libcudnn_ops_infer.so.8", "12345").file(python, "123"));
    finds(&of(python), "cuda-twice 5 B 1 files layer 0 /usr/lib/libcudnn_ops_infer.so.8");
    finds(&of("x/site-packages/nvidia/cublas/lib/libcublas.so.12"), "");
}
