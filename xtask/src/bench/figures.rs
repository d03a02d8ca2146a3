//! Many rounds as one figure: the median, and how far the others were from it.

use std::fmt;

/// The figures of all rounds.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures(Vec<f64>);

impl Figures {
    pub(super) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        let at = |index: usize| self.0.get(index).copied().unwrap_or(f64::NAN);
        if self.0.len().is_multiple_of(2) {
            f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
        } else {
            at(middle)
        }
    }

    fn ends(&self) -> (f64, f64) {
        let end = |figure: Option<&f64>| figure.copied().unwrap_or(f64::NAN);
        (end(self.0.first()), end(self.0.last()))
    }
}

impl FromIterator<f64> for Figures {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }
}

/// `1.52 (1.48–1.60)`; as many digits as a precision says.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let (least, most) = self.ends();
        write!(f, "{:.digits$} ({least:.digits$}–{most:.digits$})", self.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends_are_shown() {
        let figures: Figures = [3.0, 1.0, 10.0].into_iter().collect();
        assert_eq!(format!("{figures:.1}"), "3.0 (1.0–10.0)");
        let figures: Figures = [4.0, 2.0].into_iter().collect();
        assert!((figures.median() - 3.0).abs() < f64::EPSILON);
        assert!(Figures::default().median().is_nan());
    }
}
