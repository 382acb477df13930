// Which scripts FILTER runs (draft-bosch-imap-filter-sieve-00 §3.2), compiled before anything is done.

import type { FilterSpec } from '#shared/imap/filter-arguments.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { compileScript, type Vocabulary } from '#shared/sieve/compile.ts'
import type { CompiledScript } from '#shared/sieve/compiled.ts'
import { type Finding, findingText } from '#shared/sieve/finding.ts'
import { SieveRunError } from '#shared/sieve/run/failure.ts'
import type { NamedScript } from '#shared/sieve/run/interpreter.ts'
import { scriptName } from '#shared/sieve/shelf.ts'
import type { ScriptHolder } from './filed-message.ts'
import type { Scripting } from './scripting.ts'

export type FilterScripts =
  | {
      readonly kind: 'ready'
      readonly scripts: readonly NamedScript[]
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'wrong'; readonly errors: readonly string[] }
  | { readonly kind: 'missing'; readonly what: string }

export async function filterScripts(
  spec: FilterSpec,
  holder: ScriptHolder,
  scripting: Pick<Scripting, 'compiled' | 'site' | 'vocabulary' | 'scriptBytesMax'>,
): Promise<FilterScripts> {
  const { vocabulary } = scripting
  if (spec.kind === 'script') return ofText(spec.text, vocabulary, scripting.scriptBytesMax())
  const scripts: NamedScript[] = []
  const wanted = spec.kind === 'delivery' ? ofDelivery(holder, scripting.site()) : [named(spec)]
  for (const { name, isSite, version } of wanted) {
    try {
      const script = await scripting.compiled.get(isSite ? null : holder.id, name, version)
      if (script === undefined) {
        // As at delivery: what is left out there is left out here.
        if (spec.kind === 'delivery') continue
        return { kind: 'missing', what: `there is no script ${JSON.stringify(spec.name)}` }
      }
      checkForFilter(script)
      scripts.push({ name, script })
    } catch (error) {
      if (!(error instanceof SieveRunError)) throw error
      return { kind: 'wrong', errors: [`${name}: ${error.message}`] }
    }
  }
  return scripts.length === 0
    ? { kind: 'missing', what: 'no script is active' }
    : { kind: 'ready', scripts, warnings: [] }
}

/** Draft §4.9: what happens in mailboxes is told to other scripts. Throws SieveRunError. */
export function checkForFilter({ extensions }: Pick<CompiledScript, 'extensions'>): void {
  if (!extensions.has('imapsieve')) return
  throw new SieveRunError('"imapsieve" is for what happens in a mailbox, and not for FILTER')
}

type Wanted = { readonly name: string; readonly isSite: boolean; readonly version?: number }

function ofDelivery(
  { address, script }: ScriptHolder,
  site: ReturnType<Scripting['site']>,
): readonly Wanted[] {
  const onSite = (names: readonly string[]) => names.map((name) => ({ name, isSite: true }))
  const instead = site.defaultOf(parseAddress(address)?.domain)
  const own =
    script === null
      ? onSite(instead === undefined ? [] : [instead])
      : [{ ...script, isSite: false }]
  return [...onSite(site.before), ...own, ...onSite(site.after)]
}

/** What cannot be a name is none of anything. */
const named = ({ kind, name }: Extract<FilterSpec, { readonly name: string }>): Wanted => ({
  name: scriptName(name) ?? '',
  isSite: kind === 'global',
})

function ofText(text: Uint8Array, vocabulary: Vocabulary, bytesMax: number): FilterScripts {
  if (text.length > bytesMax) {
    return { kind: 'wrong', errors: [`the script has more than ${bytesMax} bytes`] }
  }
  const compilation = compileScript(text, vocabulary)
  if (compilation.kind === 'refused') {
    return { kind: 'wrong', errors: compilation.findings.map(findingText) }
  }
  const { script } = compilation
  try {
    checkForFilter(script)
  } catch (error) {
    if (!(error instanceof SieveRunError)) throw error
    return { kind: 'wrong', errors: [error.message] }
  }
  const warnings = script.warnings.map((each: Finding) => findingText(each))
  return { kind: 'ready', scripts: [{ name: '', script }], warnings }
}
