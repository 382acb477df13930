// What one .procmailrc, with all that it includes, may use.

/** Of one file. */
export const RCFILE_BYTES_MAX = 256 * 1024
/** Statements of all files together. */
export const STATEMENTS_MAX = 2_000
/** Blocks in blocks; Sieve has a limit of its own behind it. */
export const BLOCKS_NESTED_MAX = 16
/** Files in files. */
export const INCLUDES_NESTED_MAX = 8
/** Of one condition; procmail's own line is 2048 unless LINEBUF says more. */
export const PATTERN_CHARACTERS_MAX = 16_384
/** Groups in groups of one pattern. */
export const PATTERN_NESTED_MAX = 32
/** Names of fields, and keys of a test, that one pattern is spelled out into; beyond it stays a pattern. */
export const SPELLED_OUT_MAX = 64
/** Pieces that one pattern is taken apart into before it is given up. */
export const PIECES_MAX = 1_000
/** Tests of one rule, with those of the recipes that it hangs on. */
export const TESTS_MAX = 500
/** Weighted conditions of one recipe: every set of them is tried. */
export const WEIGHTS_MAX = 8
/** Characters of a value after its variables were put in. */
export const VALUE_CHARACTERS_MAX = 16_384
