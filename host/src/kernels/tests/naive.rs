//! The plainest convolution there is, in f64 and in f32: what the kernels are compared with.

use crate::kernels::conv::ConvShape;

/// All results of one convolution, dense and in NCHW.
pub(super) struct Results {
    pub(super) output: Vec<f64>,
    pub(super) input_gradient: Vec<f64>,
    pub(super) weight_gradient: Vec<f64>,
}

/// Sums in f64, of values that are f32.
pub(super) fn exact(
    shape: &ConvShape,
    images: usize,
    [input, weight, bias, gradient]: [&[f32]; 4],
) -> Results {
    let mut results = Results {
        output: vec![0.0; gradient.len()],
        input_gradient: vec![0.0; input.len()],
        weight_gradient: vec![0.0; weight.len()],
    };
    let [height, width] = shape.output();
    for (place, output) in results.output.iter_mut().enumerate() {
        *output = f64::from(bias[place / (height * width) % shape.out_channels]);
    }
    visit(shape, images, |x, w, y| {
        let of = |slice: &[f32], place: usize| f64::from(slice[place]);
        results.output[y] += of(input, x) * of(weight, w);
        results.input_gradient[x] += of(gradient, y) * of(weight, w);
        results.weight_gradient[w] += of(gradient, y) * of(input, x);
    });
    results
}

/// The same with every sum in f32, one term after the other.
pub(super) fn single(
    shape: &ConvShape,
    images: usize,
    [input, weight, bias, gradient]: [&[f32]; 4],
) -> Results {
    let [height, width] = shape.output();
    let mut output: Vec<f32> = (0..gradient.len())
        .map(|place| bias[place / (height * width) % shape.out_channels])
        .collect();
    let (mut to_input, mut to_weight) = (vec![0.0f32; input.len()], vec![0.0f32; weight.len()]);
    visit(shape, images, |x, w, y| {
        output[y] += input[x] * weight[w];
        to_input[x] += gradient[y] * weight[w];
        to_weight[w] += gradient[y] * input[x];
    });
    let wide = |slice: Vec<f32>| slice.into_iter().map(f64::from).collect();
    Results {
        output: wide(output),
        input_gradient: wide(to_input),
        weight_gradient: wide(to_weight),
    }
}

/// Every product: the places of its input, weight and output.
fn visit(shape: &ConvShape, images: usize, mut product: impl FnMut(usize, usize, usize)) {
    let ([height, width], [out_height, out_width]) = (shape.image, shape.output());
    let (inputs, outputs) = (shape.in_channels / shape.groups, shape.out_channels / shape.groups);
    for image in 0..images {
        for o in 0..shape.out_channels {
            for i in 0..inputs {
                let from = image * shape.in_channels + o / outputs * inputs + i;
                for ky in 0..shape.kernel[0] {
                    for kx in 0..shape.kernel[1] {
                        let w = ((o * inputs + i) * shape.kernel[0] + ky) * shape.kernel[1] + kx;
                        for oy in 0..out_height {
                            for ox in 0..out_width {
                                let y = (oy * shape.stride[0] + ky).wrapping_sub(shape.padding[0]);
                                let x = (ox * shape.stride[1] + kx).wrapping_sub(shape.padding[1]);
                                if y < height && x < width {
                                    let to = image * shape.out_channels + o;
                                    product(
                                        (from * height + y) * width + x,
                                        w,
                                        (to * out_height + oy) * out_width + ox,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
