//! Which pixels a 1 × 1 convolution has to read so that it stands beside a larger one.

use jackpot_plugin_api::json::Value;
use jackpot_plugin_api::prelude::Node;

/// A convolution in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// The kernel's side.
    pub kernel: i64,
    /// Step between output pixels.
    pub stride: i64,
    /// Zeros before the first pixel.
    pub padding: i64,
    /// Whether there are as many after the last.
    pub even: bool,
    /// Step between the kernel's pixels.
    pub dilation: i64,
}

impl Axis {
    /// Pixels to add before and after a side of `side` pixels (negative: to leave out), so that a
    /// 1 × 1 convolution of the same stride gives `out` pixels, each from the pixel under the
    /// kernel's centre; where the centre lies between two pixels, the first of them.
    pub fn pads(self, side: i64, out: i64) -> [i64; 2] {
        let Self { kernel, stride, padding, dilation, .. } = self;
        let first = dilation * (kernel - 1) / 2 - padding;
        if first == 0 && (side - 1) / stride + 1 == out {
            return [0, 0];
        }
        [-first, first + stride * (out - 1) + 1 - side]
    }

    /// Whether a 1 × 1 convolution of the same stride fits on images of any size.
    pub fn fits_as_it_is(self) -> bool {
        let Self { kernel, padding, dilation, even, .. } = self;
        even && 2 * padding == dilation * (kernel - 1)
    }
}

/// Both directions of a convolution's node, height first; `None` where an attribute is none that
/// `aten::conv2d` takes.
pub fn axes(conv: &Node, kernel: &[i64]) -> Option<[Axis; 2]> {
    let pair = |name: &str, default: i64| pair(conv.attrs.get(name), default);
    let ([stride, step], [dilation, apart]) = (pair("stride", 1)?, pair("dilation", 1)?);
    let (&[height, width], true) = (kernel, [stride, step, dilation, apart].iter().all(|&n| n > 0))
    else {
        return None;
    };
    // Where both do not come out even, "same" puts the odd zero after the last pixel.
    let same = |kernel: i64, dilation: i64| dilation * (kernel - 1) / 2;
    let ([above, left], even) = match conv.attrs.get("padding") {
        Some(Value::String(word)) => match word.as_str() {
            "same" => ([same(height, dilation), same(width, apart)], false),
            "valid" => ([0, 0], true),
            _ => return None,
        },
        _ => (pair("padding", 0)?, true),
    };
    let axis = |kernel, stride, padding, dilation| {
        let even = even || dilation * (kernel - 1) % 2 == 0;
        Axis { kernel, stride, padding, even, dilation }
    };
    Some([axis(height, stride, above, dilation), axis(width, step, left, apart)])
}

/// `2`, `[2]` and `[2, 2]` are the same; nothing is the default.
fn pair(attr: Option<&Value>, default: i64) -> Option<[i64; 2]> {
    match attr {
        None => Some([default; 2]),
        Some(Value::Array(sides)) => match &sides[..] {
            [one] => Some([one.as_i64()?; 2]),
            [height, width] => Some([height.as_i64()?, width.as_i64()?]),
            _ => None,
        },
        Some(one) => Some([one.as_i64()?; 2]),
    }
}

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::json::json;

    use super::*;

    fn axis(kernel: i64, stride: i64, padding: i64, dilation: i64) -> Axis {
        Axis { kernel, stride, padding, even: true, dilation }
    }

    /// PyTorch's formula.
    fn out(axis: Axis, side: i64) -> i64 {
        (side + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1) / axis.stride + 1
    }

    #[test]
    fn every_output_pixel_reads_the_one_under_the_kernels_centre() {
        for kernel in 2..=7 {
            for (stride, padding, dilation) in
                [(1, 0, 1), (1, 1, 1), (2, 1, 1), (3, 0, 2), (2, 3, 2), (1, 6, 1)]
            {
                for side in 15..=18 {
                    let axis = axis(kernel, stride, padding, dilation);
                    let out = out(axis, side);
                    let [before, after] = axis.pads(side, out);
                    let rows = side + before + after;
                    assert_eq!((rows - 1) / stride + 1, out, "{axis:?} on {side}");
                    // Output pixel 0 has the padded row 0, which is the image's row −before.
                    assert_eq!(-before + padding, dilation * (kernel - 1) / 2, "{axis:?}");
                    if axis.fits_as_it_is() {
                        assert_eq!([before, after], [0, 0], "{axis:?} on {side}");
                    }
                }
            }
        }
    }

    #[test]
    fn pads_by_hand() {
        // LeNet's 5 × 5 without padding: the outer two rows are no centre.
        assert_eq!(axis(5, 1, 0, 1).pads(14, 10), [-2, -2]);
        // 3 × 3 with stride 2 on 8: centres 0, 2, 4, 6.
        assert_eq!(axis(3, 2, 1, 1).pads(8, 4), [0, 0]);
        // 2 × 2 with stride 2 on 8: the upper left of each window.
        assert_eq!(axis(2, 2, 0, 1).pads(8, 4), [0, 0]);
        // 3 × 3 with two zeros around 4 pixels: the first centre is the first zero.
        assert_eq!(axis(3, 1, 2, 1).pads(4, 6), [1, 1]);
    }

    fn conv(attrs: Value) -> Node {
        let node = json!({ "id": "c", "op": "aten::conv2d", "inputs": ["x"], "attrs": attrs });
        jackpot_plugin_api::json::from_value(node).unwrap()
    }

    #[test]
    fn attributes_have_several_spellings() {
        let both = |one| Some([one, one]);
        for attrs in
            [json!({ "stride": 2, "padding": [1] }), json!({ "stride": [2], "padding": 1 })]
        {
            assert_eq!(axes(&conv(attrs), &[3, 3]), both(axis(3, 2, 1, 1)));
        }
        assert_eq!(axes(&conv(json!({})), &[3, 3]), both(axis(3, 1, 0, 1)));
        let oblong = json!({ "stride": [2, 1], "padding": [0, 3], "dilation": [1, 2] });
        assert_eq!(axes(&conv(oblong), &[1, 4]), Some([axis(1, 2, 0, 1), axis(4, 1, 3, 2)]));
        let same = axes(&conv(json!({ "padding": "same" })), &[3, 4]).unwrap();
        assert_eq!(same.map(Axis::fits_as_it_is), [true, false]);
        assert_eq!(same.map(|axis| axis.pads(9, 9)), [[0, 0], [0, 0]]);
        assert_eq!(axes(&conv(json!({ "padding": "valid" })), &[3, 3]), both(axis(3, 1, 0, 1)));
    }

    #[test]
    fn what_no_convolution_takes_is_no_axis() {
        for attrs in
            [json!({ "stride": [1, 1, 1] }), json!({ "stride": 0 }), json!({ "padding": "no" })]
        {
            assert_eq!(axes(&conv(attrs), &[3, 3]), None);
        }
        assert_eq!(axes(&conv(json!({})), &[3]), None);
    }
}
