//! Jumps to a node, to the next match and to the next changed file. A jump expands collapsed directories, and descends
//! only into directories that contain a target.

use super::FileTreePane;
use super::visible::JumpTarget;
use dive_model::tree::{NodeId, Tree};

/// The outcome of a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// The cursor is on the target.
    Done,
    /// The cursor is on the target, and the jump wrapped at an end of the tree.
    Wrapped,
    /// There is no visible target. The cursor stays.
    Nowhere,
}

/// Which match the cursor may be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchLanding {
    /// Any match.
    Any,
    /// The one where the cursor was before the filter, else the first one.
    First,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JumpDirection {
    Forward,
    Backward,
}

impl FileTreePane {
    /// Moves the cursor to a node and expands the directories above it. Does not unhide a hidden node.
    pub fn jump_to(&mut self, tree: &Tree, node: NodeId) -> Jump {
        if node == NodeId::ROOT || !self.visible.is_visible(node) {
            return Jump::Nowhere;
        }
        // Innermost first: each refold stops at the next collapsed directory instead of updating all levels above.
        let mut next = tree.parent(node);
        while let Some(above) = next.filter(|above| *above != NodeId::ROOT) {
            if self.is_collapsed(above) {
                self.refold(tree, above);
            }
            next = tree.parent(above);
        }
        self.reveal_node(tree, node);
        Jump::Done
    }

    /// Moves the cursor to the match where it was before the filter, else to the first one, unless it may stay.
    pub fn seek_match(&mut self, tree: &Tree, landing: MatchLanding) {
        let is_on_match = |files: &Self| files.selected().is_some_and(|node| files.is_match(node));
        if self.filter().is_none() || landing == MatchLanding::Any && is_on_match(self) {
            return;
        }
        let before = self.place_before_filter().filter(|node| self.is_match(*node));
        if before.is_none_or(|node| self.jump_to(tree, node) == Jump::Nowhere) {
            self.select_row(tree, 0);
            if !is_on_match(self) {
                self.next_match(tree);
            }
        }
        self.cursor.found = self.selected();
    }

    /// Where a changed filter puts the cursor. It may stay on a match that the user has moved it to.
    #[must_use]
    pub fn landing(&self) -> MatchLanding {
        let has_moved = self.filter().is_some() && self.selected() != self.cursor.found;
        if has_moved { MatchLanding::Any } else { MatchLanding::First }
    }

    /// Moves the cursor to the next match of the filter.
    pub fn next_match(&mut self, tree: &Tree) -> Jump {
        self.jump_along(tree, JumpTarget::Match, JumpDirection::Forward)
    }

    /// Moves the cursor to the previous match of the filter.
    pub fn previous_match(&mut self, tree: &Tree) -> Jump {
        self.jump_along(tree, JumpTarget::Match, JumpDirection::Backward)
    }

    /// Moves the cursor to the next added, modified or removed file, empty directory, or folded directory that was added or
    /// removed as a whole.
    pub fn next_change(&mut self, tree: &Tree) -> Jump {
        self.jump_along(tree, JumpTarget::Changed, JumpDirection::Forward)
    }

    /// Moves the cursor to the previous stop of [`Self::next_change`].
    pub fn previous_change(&mut self, tree: &Tree) -> Jump {
        self.jump_along(tree, JumpTarget::Changed, JumpDirection::Backward)
    }

    /// The first changed path in display order.
    pub(super) fn first_change(&self, tree: &Tree) -> Option<NodeId> {
        self.first_below(tree, NodeId::ROOT, JumpTarget::Changed)
    }

    fn jump_along(&mut self, tree: &Tree, target: JumpTarget, direction: JumpDirection) -> Jump {
        let beyond = self.selected().and_then(|node| match direction {
            JumpDirection::Forward => self.after(tree, node, target),
            JumpDirection::Backward => self.before(tree, node, target),
        });
        let from_the_other_end = || match direction {
            JumpDirection::Forward => self.first_below(tree, NodeId::ROOT, target),
            JumpDirection::Backward => self.last_within(tree, NodeId::ROOT, target),
        };
        let (found, jump) = match beyond {
            Some(found) => (found, Jump::Done),
            None => match from_the_other_end() {
                Some(found) => (found, Jump::Wrapped),
                None => return Jump::Nowhere,
            },
        };
        self.jump_to(tree, found);
        jump
    }

    /// True if a jump stops at a node.
    fn is_stop(&self, node: NodeId, target: JumpTarget) -> bool {
        self.visible.is_target(node, target) || self.is_one_stop(node, target)
    }

    /// True for a folded directory that was added or removed as a whole: a jump to a change does not look into it.
    fn is_one_stop(&self, node: NodeId, target: JumpTarget) -> bool {
        target == JumpTarget::Changed && self.folded_files(node).is_some()
    }

    /// The first target after a node, in display order with all directories expanded.
    fn after(&self, tree: &Tree, node: NodeId, target: JumpTarget) -> Option<NodeId> {
        if let Some(found) = self.first_below(tree, node, target) {
            return Some(found);
        }
        let mut child = node;
        while let Some(parent) = tree.parent(child) {
            let siblings = self.siblings(tree, parent);
            let position = siblings.position(child, self.sorting(tree))?;
            let next =
                siblings.nodes[position + 1..].iter().find(|sibling| self.visible.has_target_within(**sibling, target));
            if let Some(next) = next {
                return self.first_within(tree, *next, target);
            }
            child = parent;
        }
        None
    }

    /// The last target before a node.
    fn before(&self, tree: &Tree, node: NodeId, target: JumpTarget) -> Option<NodeId> {
        let mut child = node;
        while let Some(parent) = tree.parent(child) {
            let siblings = self.siblings(tree, parent);
            let position = siblings.position(child, self.sorting(tree))?;
            let previous = siblings.nodes[..position]
                .iter()
                .rev()
                .find(|sibling| self.visible.has_target_within(**sibling, target));
            if let Some(previous) = previous {
                return self.last_within(tree, *previous, target);
            }
            if self.visible.is_target(parent, target) && parent != NodeId::ROOT {
                return Some(parent);
            }
            child = parent;
        }
        None
    }

    fn first_within(&self, tree: &Tree, node: NodeId, target: JumpTarget) -> Option<NodeId> {
        if self.is_stop(node, target) { Some(node) } else { self.first_below(tree, node, target) }
    }

    fn first_below(&self, tree: &Tree, node: NodeId, target: JumpTarget) -> Option<NodeId> {
        if self.is_one_stop(node, target) {
            return None;
        }
        let mut directory = node;
        loop {
            let siblings = self.siblings(tree, directory);
            let child = *siblings.nodes.iter().find(|child| self.visible.has_target_within(**child, target))?;
            if self.is_stop(child, target) {
                return Some(child);
            }
            directory = child;
        }
    }

    fn last_within(&self, tree: &Tree, node: NodeId, target: JumpTarget) -> Option<NodeId> {
        let mut last = node;
        loop {
            if self.is_one_stop(last, target) {
                return Some(last);
            }
            let siblings = self.siblings(tree, last);
            match siblings.nodes.iter().rev().find(|child| self.visible.has_target_within(**child, target)) {
                Some(child) => last = *child,
                None => {
                    return Some(last).filter(|last| self.visible.is_target(*last, target) && *last != NodeId::ROOT);
                }
            }
        }
    }
}
