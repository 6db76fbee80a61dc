//! The front of a plan that is carried out: which items are free, because everything before them has ended.

use super::{Node, Plan};

/// For each node of a plan, the number of its predecessors that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Front(Vec<u32>);

impl Front {
    /// Makes the front of a plan in which some items are `done`. Returns it with the free items, in the order of R4.
    pub(crate) fn new(plan: &Plan, done: &[bool]) -> (Front, Vec<Node>) {
        let mut open = plan.predecessor_counts();
        let mut free = Vec::new();
        for &node in plan.topological() {
            let is_over = if plan.is_item(node) { done[node] } else { open[node] == 0 };
            if is_over {
                plan.successors(node).for_each(|next| open[next] -= 1);
            } else if plan.is_item(node) && open[node] == 0 {
                free.push(node);
            }
        }
        plan.sort(&mut free);
        (Front(open), free)
    }

    /// Records the end of an item. Returns the items that are free now, in the order of R4.
    pub(crate) fn ended(&mut self, plan: &Plan, item: Node) -> Vec<Node> {
        let (mut free, mut virtual_nodes) = (Vec::new(), Vec::new());
        let mut ended = Some(item);
        while let Some(node) = ended {
            for next in plan.successors(node) {
                self.0[next] -= 1;
                if self.0[next] == 0 {
                    // A virtual node ends as soon as all before it have.
                    let then = if plan.is_item(next) { &mut free } else { &mut virtual_nodes };
                    then.push(next);
                }
            }
            ended = virtual_nodes.pop();
        }
        plan.sort(&mut free);
        free
    }
}
