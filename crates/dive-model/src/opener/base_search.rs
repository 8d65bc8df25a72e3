//! Looks for the base of an image among others.

use tracing::info;

use crate::image::{Base, BaseCandidates, BaseScope, BaseSearch, Image, PrefixSearch};
use crate::remark::{Remark, Shown};

/// Completes the base of `image` from other images. What prevents it is a remark, if all images were to be compared.
pub(super) fn find_base(image: &mut Image, archive: &str, candidates: &dyn BaseCandidates, scope: BaseScope) {
    let problem = match image.base_in(candidates, scope) {
        Ok(BaseSearch { base, search }) => {
            let problem = unfound_base(image, base.as_ref(), search.as_ref());
            image.base = base.or(image.base.take());
            problem
        }
        Err(problem) => Some(format!("dive cannot search the engine for its base: {problem}")),
    };
    match (problem, scope) {
        (Some(problem), BaseScope::All) => image.remarks.push(Remark::new(archive, problem)),
        (Some(problem), BaseScope::Named) => info!("{problem}"),
        (None, _) => {}
    }
}

/// Why the base was not found, or may be another one.
fn unfound_base(image: &Image, found: Option<&Base>, search: Option<&PrefixSearch>) -> Option<String> {
    match (found, search) {
        (_, Some(PrefixSearch { compared, left, .. })) if *left > 0 => {
            let all = compared + left;
            Some(format!(
                "dive compared only {compared} of the {all} images of the engine (its limit) to find the base; name the base with --base"
            ))
        }
        (None, Some(PrefixSearch { compared, .. })) => {
            Some(format!("its base is not among the {compared} other images of the engine; name it with --base"))
        }
        (None, None) => {
            let base = image.base.as_ref().filter(|base| !base.has_equal_diff_ids())?;
            Some(format!("the engine has no image {} with the lowest layers of this one", Shown(base.name()?)))
        }
        (Some(_), _) => None,
    }
}
