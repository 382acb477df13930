// Variables of a run (RFC 5229), those of the script that runs and the global ones of RFC 6609 §3.4, and what the last wildcards matched.

import { VARIABLE_CHARACTERS_MAX, VARIABLES_CHARACTERS_MAX, VARIABLES_MAX } from '../limits.ts'
import type { Text, VariableName } from '../strings.ts'
import { LimitExceeded } from './failure.ts'

/** Of a name without namespace: its own, unless the script said it is a global one. */
type Scope = { readonly own: Map<string, string>; readonly global: Set<string> }

export class Variables {
  readonly #spend: (steps: number) => void
  readonly #globals = new Map<string, string>()
  readonly #namespaces = new Map<string, (name: string) => string | undefined>()
  #scope: Scope = newScope()
  #matched: readonly string[] = []
  #characters = 0

  constructor(spend: (steps: number) => void) {
    this.#spend = spend
  }

  /** The wildcards of the last match that succeeded, [0] the whole value (RFC 5229 §3.2). */
  set matched(values: readonly string[]) {
    this.#matched = values
  }

  get matched(): readonly string[] {
    return this.#matched
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
    if (first >= 0x30 && first <= 0x39) return this.#matched[Number(name)] ?? ''
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

  /** The text with the values of now. */
  expand(text: Text): string {
    if (typeof text === 'string') return text
    let expanded = ''
    for (const piece of text) {
      expanded += typeof piece === 'string' ? piece : this.value(piece)
      if (expanded.length > EXPANDED_CHARACTERS_MAX) {
        throw new LimitExceeded(`a string of more than ${EXPANDED_CHARACTERS_MAX} characters`)
      }
    }
    this.#spend(1 + (expanded.length >> 10))
    return expanded
  }

  /** A script of its own variables begins; what is returned brings those of before back. */
  enterScript(): () => void {
    const scope = this.#scope
    const matched = this.#matched
    this.#scope = newScope()
    this.#matched = []
    return () => {
      for (const value of this.#scope.own.values()) this.#characters -= value.length
      this.#scope = scope
      this.#matched = matched
    }
  }

  #mapOf(name: string): Map<string, string> {
    return this.#scope.global.has(name) ? this.#globals : this.#scope.own
  }
}

const newScope = (): Scope => ({ own: new Map(), global: new Set() })

/** Of a string that is used; each of its variables is shorter. */
const EXPANDED_CHARACTERS_MAX = 256 * 1024

/** Not inside a character of two units. */
export function cut(value: string): string {
  if (value.length <= VARIABLE_CHARACTERS_MAX) return value
  const last = value.charCodeAt(VARIABLE_CHARACTERS_MAX - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return value.slice(0, VARIABLE_CHARACTERS_MAX - (isHalf ? 1 : 0))
}
