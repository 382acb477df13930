// What one script, and one run of scripts over one message, may use: named here, with units, so that whoever writes scripts and whoever
// runs them find the same numbers. Beyond them a script is refused with the place, or its run ends as a run-time error.

/** Of a script as it is stored. It is one item of the directory, of which DynamoDB takes 400 KB. */
export const SCRIPT_BYTES_MAX = 256 * 1024
/** Blocks in blocks, and tests in tests. RFC 5228 §2.10.5 asks for 15 and 15 at least. */
export const NESTING_MAX = 32
/** Commands and tests of one script, all of its blocks together. */
export const NODES_MAX = 20_000
/** Strings in one list. */
export const LIST_STRINGS_MAX = 10_000
/** Of one command or test, tags counted. */
export const ARGUMENTS_MAX = 64
/** Of an identifier or tag; longer ones are no words of the language. */
export const WORD_CHARACTERS_MAX = 64
/** What a check tells at once; the rest is found when these are mended. */
export const PROBLEMS_MAX = 50
/** The largest number, `:over` and all. RFC 5228 §2.4.1 asks for 2,147,483,647 at least. */
export const NUMBER_MAX = Number.MAX_SAFE_INTEGER

/** Steps of one run: each command, test and comparison is one, and each KB looked at. */
export const STEPS_MAX = 1_000_000
/** Steps after which others may have their turn: well under a millisecond. */
export const STEPS_AT_ONCE = 32
/** Characters of header fields that one run keeps as its tests compared them; what is beyond is decoded and folded by each test anew. */
export const VALUES_KEPT_CHARACTERS_MAX = 32 * 1024
/** What a run says of itself (`debug_log`): the rest is not told. */
export const NOTES_MAX = 100
/** Actions of one run, `keep` and `discard` counted. */
export const ACTIONS_MAX = 32
/** Of which messages to others, whatever the setting says: what they create is written in one transaction with the delivery. */
export const MESSAGES_CREATED_MAX = 8
/** Of a variable's value in characters; longer ones are cut (RFC 5229 §3.1 asks for 4,000 at least). */
export const VARIABLE_CHARACTERS_MAX = 8_192
/** Variables at once (RFC 5229 §3.1 asks for 128 at least), and the characters of all of them. */
export const VARIABLES_MAX = 512
export const VARIABLES_CHARACTERS_MAX = 256 * 1024
/** Of a string, or of the strings of a list, once variables are put in. */
export const EXPANDED_CHARACTERS_MAX = 512 * 1024
/** Scripts in scripts. RFC 6609 §3.1 has no number; Pigeonhole takes ten. */
export const INCLUDE_DEPTH_MAX = 10
/** Scripts included by one run, however often and wherever. */
export const INCLUDES_MAX = 64
/** Bytes of a message's body that one test looks at, decoded; the rest is not found in it. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024

/** Bytes that one run puts into messages: fields, parts in place of others, texts that enclose. All that was ever put in counts. */
export const MADE_BYTES_MAX = 4 * 1024 * 1024
/** Messages around a message (RFC 5703 §6). */
export const ENCLOSURES_MAX = 8
/** Parts replaced within what replaced another part. */
export const REPLACED_DEPTH_MAX = 8

/** Of a regular expression in UTF-16 units: what a variable holds. */
export const REGEX_CHARACTERS_MAX = 8_192
/** Its states, repetitions written out: a character of a text takes as many looks at most. */
export const REGEX_INSTRUCTIONS_MAX = 4_000
/** Of all that stand in one script. */
export const REGEX_SCRIPT_INSTRUCTIONS_MAX = 200_000
/** In `{n,m}`: RE_DUP_MAX of POSIX, which asks for 255 at least. */
export const REGEX_REPEATS_MAX = 255
/** Groups, and groups in groups. */
export const REGEX_GROUPS_MAX = 64
export const REGEX_NESTING_MAX = 32
/** Looks of a regular expression at a character that are one step of a run. */
export const REGEX_LOOKS_A_STEP = 32
