//! Rectangles whose areas are in proportion to numbers, as near to squares as they can be.
//!
//! Source: Bruls, Huizing, van Wijk, "Squarified Treemaps", Data Visualization 2000.

/// A rectangle in any unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

/// One rectangle for each weight, in the order of `weights`; together they fill `area`. Weights that are not positive get
/// rectangles without area.
pub(super) fn squarify(weights: &[f64], area: Rect) -> Vec<Rect> {
    let weight = |i: usize| if weights[i] > 0.0 { weights[i] } else { 0.0 };
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| weight(*b).total_cmp(&weight(*a)).then(a.cmp(b)));
    let mut out = vec![Rect { w: 0.0, h: 0.0, ..area }; weights.len()];
    let mut left = area;
    let mut todo = &order[..];
    let mut rest: f64 = order.iter().map(|i| weight(*i)).sum();
    while !todo.is_empty() && rest > 0.0 && weight(todo[0]) > 0.0 {
        // The row along the shorter side that makes the worst rectangle the least bad.
        let side = left.w.min(left.h);
        let scale = left.w * left.h / rest;
        let (mut n, mut sum) = (1, weight(todo[0]));
        let mut worst = badness(sum, weight(todo[0]), weight(todo[0]), side, scale);
        while let Some(&next) = todo.get(n) {
            let more = badness(sum + weight(next), weight(todo[0]), weight(next), side, scale);
            if weight(next) <= 0.0 || more > worst {
                break;
            }
            (worst, sum, n) = (more, sum + weight(next), n + 1);
        }
        let wide = left.w >= left.h;
        let thick = if wide { left.w } else { left.h } * sum / rest;
        let mut at = 0.0;
        for &i in &todo[..n] {
            let long = side * weight(i) / sum;
            out[i] = if wide {
                Rect { x: left.x, y: left.y + at, w: thick, h: long }
            } else {
                Rect { x: left.x + at, y: left.y, w: long, h: thick }
            };
            at += long;
        }
        left = if wide {
            Rect { x: left.x + thick, w: left.w - thick, ..left }
        } else {
            Rect { y: left.y + thick, h: left.h - thick, ..left }
        };
        rest -= sum;
        todo = &todo[n..];
    }
    out
}

/// How far the worst rectangle of a row is from a square: its longer side over the shorter.
fn badness(sum: f64, largest: f64, smallest: f64, side: f64, scale: f64) -> f64 {
    let (s, side2) = (sum * scale, side * side);
    (side2 * largest * scale / (s * s)).max(s * s / (side2 * smallest * scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AREA: Rect = Rect { x: 0.0, y: 0.0, w: 160.0, h: 90.0 };

    #[test]
    fn the_example_of_the_paper() {
        let area = Rect { x: 0.0, y: 0.0, w: 6.0, h: 4.0 };
        let r = squarify(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], area);
        assert_eq!((r[0].w, r[0].h), (3.0, 2.0));
        assert_eq!((r[1].x, r[1].y, r[1].w, r[1].h), (0.0, 2.0, 3.0, 2.0));
        assert!((r[2].w * r[2].h - 4.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_and_zero() {
        assert!(squarify(&[], AREA).is_empty());
        let r = squarify(&[0.0, 5.0, -1.0, f64::NAN], AREA);
        assert_eq!(r[1], AREA);
        assert!([0, 2, 3].iter().all(|i| r[*i].w * r[*i].h == 0.0));
    }

    proptest! {
        #[test]
        fn areas_are_in_proportion_and_do_not_overlap(weights in proptest::collection::vec(1u32..100_000, 1..40)) {
            let weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
            let all: f64 = weights.iter().sum();
            let rects = squarify(&weights, AREA);
            for (i, (r, w)) in rects.iter().zip(&weights).enumerate() {
                prop_assert!((r.w * r.h / (AREA.w * AREA.h) - w / all).abs() < 1e-6);
                prop_assert!(r.x >= -1e-6 && r.y >= -1e-6 && r.x + r.w <= AREA.w + 1e-6 && r.y + r.h <= AREA.h + 1e-6);
                for o in &rects[i + 1..] {
                    let across = (r.x + r.w).min(o.x + o.w) - r.x.max(o.x);
                    let down = (r.y + r.h).min(o.y + o.h) - r.y.max(o.y);
                    prop_assert!(across < 1e-6 || down < 1e-6);
                }
            }
        }
    }
}
