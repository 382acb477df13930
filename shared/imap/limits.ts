// Limits of the grammar. What is beyond them is answered BAD (or NO for literals) and the session lives on.

/** Bytes of one line without its line end. RFC 9051 §4 asks for at least 8192; long uid sets need more. */
export const LINE_BYTES_MAX = 65_536
/** Bytes of one buffered literal. Streamed literals are limited by whoever streams them. */
export const LITERAL_BYTES_MAX = 512 * 1024
/** Bytes of one command: its lines and buffered literals, counted anew after a streamed literal. */
export const COMMAND_BYTES_MAX = 1024 * 1024
/** Buffered literals of one command. */
export const LITERALS_MAX = 200
/** Parentheses, OR and NOT inside each other. */
export const NESTING_MAX = 50
/** Members of one parenthesised list, search keys of one command. */
export const LIST_MEMBERS_MAX = 4_000
/** Ranges of one sequence set; a line holds no more than half its bytes. */
export const SET_RANGES_MAX = 32_768
/** Characters of a tag, which comes back in every answer. */
export const TAG_CHARACTERS_MAX = 256
