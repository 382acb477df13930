// Scripts ready to run, kept for this process by owner, name and version: mail for one account comes again and again, and a script changes
// seldom. Bounded by the bytes of their texts.

import type { Scripts, ScriptsOwner } from '#shared/directory/scripts.ts'
import { compileScript, type Vocabulary } from '#shared/sieve/compile.ts'
import type { CompiledScript } from '#shared/sieve/compiled.ts'
import { findingText } from '#shared/sieve/finding.ts'
import { SieveRunError } from '#shared/sieve/run/failure.ts'

/** Of texts whose compiled form is kept; it takes about ten times as much. */
export const COMPILED_BYTES_MAX = 4 * 1024 * 1024

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
}): CompiledScripts {
  const kept = new Map<string, CompiledScript>()
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

  return {
    async get(owner, name, version) {
      const keyOf = (of: number) => JSON.stringify([owner, name, of])
      const known = version === undefined ? undefined : kept.get(keyOf(version))
      if (known !== undefined) return known
      const stored = await deps.scripts.read(owner, name)
      if (stored === undefined) return undefined
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
