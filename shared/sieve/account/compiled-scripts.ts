// Scripts ready to run, kept for this process by owner, name and version: mail for one account comes again and again, and a script changes
// seldom. Bounded by the bytes of their texts.

import type { Scripts, ScriptsOwner } from '#shared/directory/scripts.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import { compileScript, type Vocabulary } from '#shared/sieve/compile.ts'
import type { CompiledScript } from '#shared/sieve/compiled.ts'
import { findingText } from '#shared/sieve/finding.ts'
import { SieveRunError } from '#shared/sieve/run/failure.ts'

/** Of texts whose compiled form is kept; of rules it takes about forty times as much. */
export const COMPILED_BYTES_MAX = 4 * 1024 * 1024
/** A site script that was changed is in force everywhere after so long. */
export const SITE_FRESH_MS = 5_000

const FRESH_MAX = 200

export interface CompiledScripts {
  /**
   * Undefined: there is none. `version`: of the one that is wanted, as the account says; undefined: whatever it is now. Throws
   * SieveRunError for one that compiles no more, since an extension is gone.
   */
  get(owner: ScriptsOwner, name: string, version?: number): Promise<CompiledScript | undefined>
}

export function createCompiledScripts(deps: {
  readonly scripts: Pick<Scripts, 'read'>
  readonly vocabulary: Vocabulary
  readonly clock: Pick<Clock, 'now'>
}): CompiledScripts {
  const { clock } = deps
  const kept = new Map<string, CompiledScript>()
  /** Versions of site scripts, each of which all mail may go through. */
  const fresh = new Map<string, { readonly version: number; readonly untilMs: number }>()
  let bytes = 0

  function keep(key: string, script: CompiledScript): void {
    kept.set(key, script)
    bytes += script.bytes
    for (const [oldest, other] of kept) {
      if (bytes <= COMPILED_BYTES_MAX || oldest === key) break
      kept.delete(oldest)
      bytes -= other.bytes
    }
  }

  function remember(name: string, version: number): void {
    fresh.delete(name)
    fresh.set(name, { version, untilMs: clock.now() + SITE_FRESH_MS })
    takeOldest(fresh, FRESH_MAX)
  }

  return {
    async get(owner, name, version) {
      const keyOf = (of: number) => JSON.stringify([owner, name, of])
      const seen = owner === null ? fresh.get(name) : undefined
      const current = seen !== undefined && seen.untilMs > clock.now() ? seen.version : version
      const known = current === undefined ? undefined : kept.get(keyOf(current))
      if (known !== undefined) return known
      const stored = await deps.scripts.read(owner, name)
      if (stored === undefined) return undefined
      if (owner === null) remember(name, stored.version)
      const key = keyOf(stored.version)
      const before = kept.get(key)
      if (before !== undefined) return before
      const compilation = compileScript(stored.text, deps.vocabulary)
      if (compilation.kind === 'refused') {
        const [first] = compilation.findings
        throw new SieveRunError(first ? findingText(first) : 'it does not compile')
      }
      keep(key, compilation.script)
      return compilation.script
    },
  }
}
