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

/** Characters of the text that are looked at, and bytes of the field that are decoded for them. */
export const SUBJECT_CHARACTERS_MAX = 1_000
const SUBJECT_BYTES_MAX = 16 * SUBJECT_CHARACTERS_MAX

/** Of an unfolded subject field body; null for no subject. Linear: no character is looked at more than a few times. */
export function baseSubject(subject: ByteString | null): BaseSubject {
  if (subject === null) return { base: '', isReplyOrForward: false }
  // (1) as Unicode text with single blanks
  const text = decodeHeaderText(subject.slice(0, SUBJECT_BYTES_MAX))
    .slice(0, SUBJECT_CHARACTERS_MAX)
    .replace(/[ \t\r\n]+/g, ' ')
  const rest = new Rest(text)
  do {
    rest.removeTrailers()
    rest.removeLeaders()
  } while (rest.removeForward())
  return { base: rest.text, isReplyOrForward: rest.isReplyOrForward }
}

/** What is left of a subject between two places that move towards each other. */
class Rest {
  isReplyOrForward = false
  readonly #text: string
  /** In one case, of the same length: what letters are compared with. */
  readonly #lower: string
  #start = 0
  #end: number

  constructor(text: string) {
    this.#text = text
    this.#lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    this.#end = text.length
  }

  get text(): string {
    return this.#text.slice(this.#start, this.#end)
  }

  /** (2) all trailers */
  removeTrailers(): void {
    for (;;) {
      while (this.#end > this.#start && white.test(this.#text.charAt(this.#end - 1))) this.#end--
      if (!this.#endsWith(forwarded)) return
      this.#end -= forwarded.length
      this.isReplyOrForward = true
    }
  }

  /** (3) to (5): leaders, and blobs as long as something is left */
  removeLeaders(): void {
    for (;;) {
      this.#start = this.#blanks(this.#start)
      // Where the blobs in a row end, and where the last of them begins.
      let end = this.#start
      let lastBlob = end
      for (let next = this.#blob(end); next > end; next = this.#blob(end)) {
        lastBlob = end
        end = next
      }
      const replied = this.#reply(end)
      if (replied === end) {
        this.#start = end === this.#end ? lastBlob : end
        return
      }
      this.#start = replied
      this.isReplyOrForward = true
    }
  }

  /** (6) */
  removeForward(): boolean {
    if (!this.#sees(forwardHeader, this.#start) || !this.#endsWith(']')) return false
    this.#start += forwardHeader.length
    this.#end--
    this.isReplyOrForward = true
    return true
  }

  /** Behind the `subj-refwd` at this place; the place itself when there is none. */
  #reply(at: number): number {
    const word = ['re', 'fwd', 'fw'].find((each) => this.#sees(each, at))
    if (word === undefined) return at
    const end = this.#blob(this.#blanks(at + word.length))
    return this.#sees(':', end) ? end + 1 : at
  }

  /** Behind the blob at this place and the blanks after it; the place itself when there is none. */
  #blob(at: number): number {
    if (!this.#sees('[', at)) return at
    for (let to = at + 1; to < this.#end; to++) {
      const char = this.#text[to]
      if (char === '[') return at
      if (char === ']') return this.#blanks(to + 1)
    }
    return at
  }

  #blanks(at: number): number {
    let to = at
    while (to < this.#end && this.#text[to] === ' ') to++
    return to
  }

  #sees(word: string, at: number): boolean {
    return at + word.length <= this.#end && this.#lower.startsWith(word, at)
  }

  #endsWith(word: string): boolean {
    return (
      this.#end - word.length >= this.#start &&
      this.#lower.startsWith(word, this.#end - word.length)
    )
  }
}

const forwarded = '(fwd)'
const forwardHeader = '[fwd:'
const white = /\s/
