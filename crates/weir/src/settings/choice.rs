//! The table of settings that are a choice of words, and what the words mean.

use super::Settings;

/// One setting that is one of some words.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Its name in the API.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// The words there are, as they are shown.
    pub words: &'static [&'static str],
    /// The place, among the words, of the one that holds when nobody sets it.
    pub default: usize,
    /// What it does, in one sentence.
    pub sentence: &'static str,
    /// Reads it.
    pub get: fn(&Settings) -> &'static str,
    /// Writes it; the place is one of the words'.
    pub set: fn(&mut Settings, usize),
}

impl Choice {
    /// The setting of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CHOICES.iter().find(|choice| choice.name == name)
    }

    /// The place of a word, in whatever letters. The error's text is one that users' scripts look
    /// for, so it does not hold what was given.
    pub fn take(&self, text: &str) -> Result<usize, String> {
        let text = text.trim();
        let place = |word: &&str| word.eq_ignore_ascii_case(text);
        self.words
            .iter()
            .position(place)
            .ok_or_else(|| self.wants())
    }

    fn wants(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| format!("'{word}'")).collect();
        let (last, others) = words.split_last().expect("a choice has words");
        let others = others.join(", ");
        format!("{} must be either {others} or {last}", self.name)
    }
}

/// An enum whose variants are words of a setting.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$meaning:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$meaning])* $variant,)+
        }

        impl $name {
            const ALL: &[Self] = &[$(Self::$variant),+];
            const WORDS: &[&str] = &[$($word),+];

            /// The word used in settings.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// What `/ace/getstream` serves when a request does not say.
    StreamMode {
        /// A continuous transport stream.
        Ts = "TS",
        /// HLS.
        Hls = "HLS",
    }
}

words! {
    /// How an engine's stream is taken.
    EngineStream {
        /// As one continuous stream, and as a playlist where that is asked for or the other fails.
        Auto = "auto",
        /// As one continuous stream.
        Ts = "ts",
        /// As a playlist.
        Hls = "hls",
    }
}

words! {
    /// Who sees a clip that says what is going on while there is nothing else to show.
    Slate {
        /// Nobody.
        Off = "off",
        /// Viewers of HLS.
        Hls = "hls",
        /// Viewers of continuous streams, too.
        All = "all",
    }
}

macro_rules! choice {
    ($field:ident: $words:ident, $variable:literal, $default:ident, $sentence:literal) => {
        Choice {
            name: stringify!($field),
            variable: $variable,
            words: $words::WORDS,
            default: $words::$default as usize,
            sentence: $sentence,
            get: |settings| settings.$field.as_str(),
            set: |settings, place| settings.$field = $words::ALL[place],
        }
    };
}

/// All settings that are a choice of words, in the order in which they are shown.
pub const CHOICES: &[Choice] = &[
    choice!(
        stream_mode: StreamMode,
        "PROXY_STREAM_MODE",
        Hls,
        "What /ace/getstream serves where a request does not say mode=hls or mode=ts: HLS, or one continuous transport stream."
    ),
    choice!(
        engine_stream: EngineStream,
        "WEIR_ENGINE_STREAM",
        Auto,
        "How an engine's streams are taken: ts as one continuous stream, hls as a playlist, auto as ts first and as hls where a stream asks for it or ts fails."
    ),
    choice!(
        slate: Slate,
        "WEIR_SLATE",
        Hls,
        "Who sees a short clip that says what is going on while there is nothing else to show: viewers of HLS, all, or nobody."
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_taken_in_whatever_letters_and_read_back_as_it_is_shown() {
        for choice in CHOICES {
            for (place, word) in choice.words.iter().enumerate() {
                for text in [
                    format!(" {word} "),
                    word.to_uppercase(),
                    word.to_lowercase(),
                ] {
                    assert_eq!(choice.take(&text), Ok(place), "{} {text:?}", choice.name);
                }
                let mut settings = Settings::default();
                (choice.set)(&mut settings, place);
                assert_eq!((choice.get)(&settings), *word, "{}", choice.name);
            }
        }
    }

    #[test]
    fn another_word_is_answered_with_those_there_are() {
        let error = |name, text| {
            let choice = Choice::named(name).expect("a choice");
            choice.take(text).expect_err("no word of it")
        };
        let wanted = "stream_mode must be either 'TS' or 'HLS'";
        assert_eq!(error("stream_mode", "DASH"), wanted);
        let wanted = "slate must be either 'off', 'hls' or 'all'";
        assert_eq!(error("slate", ""), wanted);
    }
}
