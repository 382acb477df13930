// Variables of a run (RFC 5229), those of the script that runs and the global ones of RFC 6609 §3.4, and what the last wildcards matched.

import {
  EXPANDED_CHARACTERS_MAX,
  VARIABLE_CHARACTERS_MAX,
  VARIABLES_CHARACTERS_MAX,
  VARIABLES_MAX,
} from '../limits.ts'
import type { Text, VariableName } from '../strings.ts'
import { LimitExceeded } from './failure.ts'

/** Of a name without namespace: its own, unless the script said it is a global one. */
type Scope = { readonly own: Map<string, string>; readonly global: Set<string> }

export class Variables {
  readonly #spend: (steps: number) => void
  readonly #globals = new Map<string, string>()
  readonly #namespaces = new Map<string, (name: string) => string | undefined>()
  #scope: Scope = newScope()
  #matched: () => readonly string[] = noMatch
  #texts: readonly string[] | undefined
  #characters = 0

  constructor(spend: (steps: number) => void) {
    this.#spend = spend
  }

  /** Whether the script that runs has variables: without them nobody asks what was matched. */
  areUsed = false

  /** What the wildcards of the last match that succeeded stand for, [0] the whole value (RFC 5229 §3.2); asked when it is first used. */
  set matched(texts: () => readonly string[]) {
    this.#matched = texts
    this.#texts = undefined
  }

  get matched(): readonly string[] {
    this.#texts ??= this.#matched()
    return this.#texts
  }

  /** What is matched until it is called counts for nothing. */
  holdMatched(): () => void {
    const [matched, texts] = [this.#matched, this.#texts]
    return () => {
      this.#matched = matched
      this.#texts = texts
    }
  }

  /** Variables that are read from elsewhere. */
  provide(namespace: string, read: (name: string) => string | undefined): void {
    this.#namespaces.set(namespace, read)
  }

  /** RFC 6609 §3.3: the name stands for the global variable in this script. */
  declareGlobal(name: string): void {
    this.#scope.global.add(name.toLowerCase())
  }

  /** The script set it as one of its own. */
  isOwn(name: string): boolean {
    return this.#scope.own.has(name.toLowerCase())
  }

  /** '' of one that was never set. */
  value({ namespace, name }: VariableName): string {
    if (namespace === 'global') return this.#globals.get(name) ?? ''
    if (namespace !== '') return this.#namespaces.get(namespace)?.(name) ?? ''
    const first = name.charCodeAt(0)
    if (first >= 0x30 && first <= 0x39) return this.matched[Number(name)] ?? ''
    return this.#mapOf(name).get(name) ?? ''
  }

  /** Cut to what a variable holds. Throws LimitExceeded for too many of them. */
  set({ namespace, name }: VariableName, value: string): void {
    const map = namespace === 'global' ? this.#globals : this.#mapOf(name)
    const kept = cut(value)
    const before = map.get(name)
    this.#characters += kept.length - (before?.length ?? 0)
    const count = this.#globals.size + this.#scope.own.size
    if (before === undefined && count >= VARIABLES_MAX) {
      throw new LimitExceeded(`more than ${VARIABLES_MAX} variables`)
    }
    if (this.#characters > VARIABLES_CHARACTERS_MAX) {
      throw new LimitExceeded(`more than ${VARIABLES_CHARACTERS_MAX} characters in variables`)
    }
    map.set(name, kept)
  }

  /** The text with the values of now. Throws LimitExceeded for one that is too long. */
  expand(text: Text): string {
    if (typeof text === 'string') return text
    let expanded = ''
    for (const piece of text) {
      expanded += typeof piece === 'string' ? piece : this.value(piece)
      if (expanded.length > EXPANDED_CHARACTERS_MAX) throw tooLong()
    }
    this.#spend(1 + (expanded.length >> 10))
    return expanded
  }

  /** The same of a list, which is as long as one text may be. */
  expandAll(texts: readonly Text[]): readonly string[] {
    let characters = 0
    return texts.map((text) => {
      const expanded = this.expand(text)
      characters += expanded.length
      if (characters > EXPANDED_CHARACTERS_MAX) throw tooLong()
      return expanded
    })
  }

  /** A script of its own variables begins; what is returned brings those of before back. */
  enterScript(areUsed: boolean): () => void {
    const before = { scope: this.#scope, matched: this.#matched, areUsed: this.areUsed }
    this.#scope = newScope()
    this.matched = noMatch
    this.areUsed = areUsed
    return () => {
      for (const value of this.#scope.own.values()) this.#characters -= value.length
      this.#scope = before.scope
      this.matched = before.matched
      this.areUsed = before.areUsed
    }
  }

  #mapOf(name: string): Map<string, string> {
    return this.#scope.global.has(name) ? this.#globals : this.#scope.own
  }
}

const noMatch = () => []

const newScope = (): Scope => ({ own: new Map(), global: new Set() })

const tooLong = () =>
  new LimitExceeded(`strings of more than ${EXPANDED_CHARACTERS_MAX} characters`)

/** Not inside a character of two units. */
export function cut(value: string): string {
  if (value.length <= VARIABLE_CHARACTERS_MAX) return value
  const last = value.charCodeAt(VARIABLE_CHARACTERS_MAX - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return value.slice(0, VARIABLE_CHARACTERS_MAX - (isHalf ? 1 : 0))
}
