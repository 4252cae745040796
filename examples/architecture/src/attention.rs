//! Attention of every token to every token, in several heads.

use jackpot_plugin_api::prelude::*;

/// softmax(q·kᵀ/√d)·v for each head, then a linear layer, all on `[N, tokens, width]`.
///
/// Spelt out: a fused operator such as `aten::scaled_dot_product_attention` would be quicker, but
/// has no second derivative, and initialisations and scores that need one (LRsI, GraSP) would
/// refuse the network.
pub fn attention(
    graph: &mut GraphBuilder,
    name: &str,
    x: &NodeRef,
    [tokens, width, heads]: [i64; 3],
) -> NodeRef {
    let id = |part: &str| format!("{name}.{part}");
    let head = width / heads;
    let qkv = graph.linear(&id("qkv"), x, width, 3 * width);
    let qkv = graph.reshape(&id("parts"), &qkv, &[-1, tokens, 3, heads, head]);
    let qkv = graph.permute(&id("by_part"), &qkv, &[2, 0, 3, 1, 4]); // [3, N, heads, tokens, head]
    // A node with several results: q is the first, the others are read by number.
    let q = graph.unbind(&id("q_k_v"), &qkv, 0);
    let (k, v) = (q.result(1), q.result(2));

    let k = graph.transpose(&id("keys"), &k, -2, -1);
    let scores = graph.matmul(&id("scores"), &q, &k); // [N, heads, tokens, tokens]
    let scores = graph.scale(&id("scaled"), &scores, 1.0 / (head as f64).sqrt());
    let shares = graph.softmax(&id("shares"), &scores, -1);
    let y = graph.matmul(&id("mixed"), &shares, &v); // [N, heads, tokens, head]
    let y = graph.transpose(&id("by_token"), &y, 1, 2);
    let y = graph.reshape(&id("joined"), &y, &[-1, tokens, width]);
    graph.linear(&id("proj"), &y, width, width)
}
