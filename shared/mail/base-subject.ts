// The base subject of RFC 5256 §2.1: a subject without what replies and forwards put around it, for SORT and THREAD.
//
//   subject         = *subj-leader [subj-middle] *subj-trailer
//   subj-leader     = (*subj-blob subj-refwd) / WSP         subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
//   subj-blob       = "[" *BLOBCHAR "]" *WSP                subj-trailer = "(fwd)" / WSP
//   subj-fwd        = subj-fwd-hdr subject subj-fwd-trl     subj-fwd-hdr = "[fwd:", subj-fwd-trl = "]"

import { decodeHeaderText } from './encoded-words.ts'
import type { ByteString } from './message-index.ts'

export type BaseSubject = {
  readonly base: string
  /** Something of a reply or forward was removed (RFC 5256 §3, REFERENCES step 5). */
  readonly isReplyOrForward: boolean
}

/** What is looked at: extraction goes over leading blobs again and again. */
export const SUBJECT_CHARACTERS_MAX = 1_000

/** Of an unfolded subject field body; null for no subject. */
export function baseSubject(subject: ByteString | null): BaseSubject {
  if (subject === null) return { base: '', isReplyOrForward: false }
  // (1) as Unicode text with single blanks
  let text = decodeHeaderText(subject)
    .slice(0, SUBJECT_CHARACTERS_MAX)
    .replace(/[ \t\r\n]+/g, ' ')
  let isReplyOrForward = false
  for (;;) {
    const trailed = withoutTrailers(text)
    const led = withoutLeaders(trailed.text)
    isReplyOrForward ||= trailed.removed || led.removed
    text = led.text
    // (6)
    if (!/^\[fwd:/i.test(text) || !text.endsWith(']')) return { base: text, isReplyOrForward }
    text = text.slice('[fwd:'.length, -1)
    isReplyOrForward = true
  }
}

type Removal = { readonly text: string; readonly removed: boolean }

/** (2) all trailers */
function withoutTrailers(subject: string): Removal {
  let text = subject.trimEnd()
  let removed = false
  while (text.toLowerCase().endsWith(forwarded)) {
    text = text.slice(0, -forwarded.length).trimEnd()
    removed = true
  }
  return { text, removed }
}

/** (3) to (5): leaders, and blobs as long as something is left */
function withoutLeaders(subject: string): Removal {
  let text = subject
  let removed = false
  for (;;) {
    const leader = /^(?: |(?:\[[^[\]]*\] *)*(?:re|fwd?) *(?:\[[^[\]]*\] *)?:)/i.exec(text)
    if (leader !== null) {
      removed ||= leader[0] !== ' '
      text = text.slice(leader[0].length)
      continue
    }
    const blob = /^\[[^[\]]*\] */.exec(text)
    if (blob === null || blob[0].length === text.length) return { text, removed }
    text = text.slice(blob[0].length)
  }
}

const forwarded = '(fwd)'
