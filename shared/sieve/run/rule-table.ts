// Rules in a row, most of which do not hold: `if` after `if` asks the same few fields for other texts. A table has their keys side by side, and
// finds the next rule that may hold without looking at the syntax of those that do not. It spends what these would have spent; a rule that may
// hold is run as any other, and says whether it does.

import type { CompiledCommand, CompiledTest } from '../compiled.ts'
import type { Header } from '../message.ts'
import type { FieldGate, Gate } from './gate.ts'
import type { Run } from './run.ts'

/** Rules of one table, which is made at once. Fewer are run as soon. */
const RULES_MAX = 256
const RULES_MIN = 4
const GATES_OF_RULE_MAX = 16
/** Steps that are spent in a table before others may have their turn. */
const STEPS_IN_TABLE_MAX = 500
/** Values of a field that are looked at in a table, and characters of each: more would make a second step. */
const VALUES_MAX = 16
const VALUE_CHARACTERS_MAX = 1_000

export interface RuleTable {
  /**
   * The place of the first command from this one on that is to be run: a rule that may hold, one behind much that was looked at, or what
   * stands behind the table. What those before it take is spent.
   */
  next(run: Run, from: number): number
}

/** By the places of commands; null for those that are in none. */
type RuleTables = (RuleTable | null | undefined)[]

const known = new WeakMap<readonly CompiledCommand[], RuleTables>()

/** The table that the command at this place is in; made when it is first run. */
export function ruleTableAt(commands: readonly CompiledCommand[], place: number): RuleTable | null {
  if (commands.length < RULES_MIN) return null
  const tables = known.get(commands) ?? []
  const before = tables[place]
  if (before !== undefined) return before
  known.set(commands, tables)
  return makeTable(commands, place, tables)
}

function makeTable(
  commands: readonly CompiledCommand[],
  first: number,
  tables: RuleTables,
): RuleTable | null {
  const rules: Rule[] = []
  for (let i = first; rules.length < RULES_MAX; i++) {
    const command = commands[i]
    const rule = command && ruleOf(command)
    if (rule === undefined) break
    rules.push(rule)
  }
  const table = rules.length < RULES_MIN ? null : tableOf(first, rules)
  tables[first] = table
  for (let i = first; i < first + rules.length; i++) tables[i] = table
  return table
}

/** Where none of its gates is open it does not hold, which takes these steps beside theirs. */
type Rule = { readonly steps: number; readonly gates: readonly Gate[] }

function ruleOf(command: CompiledCommand): Rule | undefined {
  if (command.kind !== 'if' || command.branches.length !== 1) return undefined
  const test = command.branches[0]?.test
  if (test == null || test.kind === 'fault' || test.needs.length > 0) return undefined
  const { name } = test.row
  if (name !== 'anyof' && name !== 'allof') return ruleBehind([test], 1)
  // Of all together one that does not hold is enough, and no other is asked.
  return ruleBehind(name === 'allof' ? test.tests.slice(0, 1) : test.tests, 2)
}

function ruleBehind(tests: readonly CompiledTest[], steps: number): Rule | undefined {
  if (tests.length > GATES_OF_RULE_MAX) return undefined
  const gates = tests.flatMap((test) => gateOf(test) ?? [])
  return gates.length < tests.length || gates.length === 0 ? undefined : { steps, gates }
}

function gateOf(test: CompiledTest): Gate | undefined {
  if (test.kind === 'fault' || test.needs.length > 0) return undefined
  return test.gate?.()
}

/** Gates that look at the same values. */
type Column = {
  readonly gate: FieldGate
  /** Of all of them that want whole values: where it has none of these no such gate is open. */
  readonly whole: Set<string>
}

/** A column as the message has it. */
type Seen = {
  readonly texts: readonly string[]
  readonly isWhole: boolean
}

function tableOf(first: number, rules: readonly Rule[]): RuleTable {
  const gates = rules.flatMap((rule) => rule.gates)
  const columns: Column[] = []
  const places = new Map<string, number>()
  // Side by side, so that little memory is looked at for a gate that is closed.
  const columnOf = Int32Array.from(gates, (gate) => {
    if (gate.kind === 'fact') return FACT
    const place = places.get(gate.column) ?? columns.push({ gate, whole: new Set() }) - 1
    places.set(gate.column, place)
    if (gate.keys.kind === 'whole') for (const key of gate.keys.all) columns[place]?.whole.add(key)
    return place
  })
  const stepsOfUse = Uint32Array.from(gates, (gate) => 1 + (gate.kind === 'fact' ? 0 : gate.steps))
  const stepsOfValue = Uint32Array.from(gates, stepsOf)
  const isOfWhole = Uint8Array.from(gates, (gate) =>
    Number(gate.kind === 'field' && gate.keys.kind === 'whole'),
  )
  const wanted = gates.map(wantedBy)
  const facts = gates.map((gate) => (gate.kind === 'fact' ? gate.holds : undefined))
  const { length: count } = rules
  const firstGate = [0]
  for (const { gates: own } of rules) firstGate.push((firstGate.at(-1) ?? 0) + own.length)
  const ownSteps = Uint32Array.from(rules, ({ steps }) => steps)

  /** Null where that is more than a table looks at. */
  function look(run: Run, header: Header, column: number): Seen | null {
    const { gate, whole } = columns[column] ?? {}
    const values = gate?.valuesOf(run, header) ?? []
    const isShort = ({ text }: { readonly text: string }) => text.length <= VALUE_CHARACTERS_MAX
    if (gate === undefined || values.length > VALUES_MAX || !values.every(isShort)) return null
    const texts = values.map((value) => value.folded(gate.comparator))
    return { texts, isWhole: texts.some((text) => whole?.has(text)) }
  }

  function isOpen(place: number, { texts, isWhole }: Seen): boolean {
    if (texts.length === 0 || (isOfWhole[place] === 1 && !isWhole)) return false
    const one = wanted[place]
    return texts.some((text) => one === undefined || mayFit(text, one))
  }

  /** The steps of a rule that does not hold; undefined where it may. */
  function inVain(run: Run, header: Header, rule: number, seen: (Seen | null | undefined)[]) {
    let steps = ownSteps[rule] ?? 0
    const end = firstGate[rule + 1] ?? 0
    for (let place = firstGate[rule] ?? 0; place < end; place++) {
      const column = columnOf[place] ?? FACT
      steps += stepsOfUse[place] ?? 0
      if (column === FACT) {
        if (facts[place]?.(run) !== false) return undefined
        continue
      }
      const before = seen[column]
      const found = before === undefined ? look(run, header, column) : before
      seen[column] = found
      if (found === null || isOpen(place, found)) return undefined
      steps += found.texts.length * (stepsOfValue[place] ?? 0)
    }
    return steps
  }

  return {
    next(run, from) {
      const header = run.message.header()
      if (header instanceof Promise) return from
      const seen: (Seen | null | undefined)[] = []
      let rule = from - first
      let steps = 0
      for (; rule < count && steps < STEPS_IN_TABLE_MAX; rule++) {
        const taken = inVain(run, header, rule, seen)
        // Where the steps end the rule itself says so.
        if (taken === undefined || steps + taken > run.stepsLeft) break
        steps += taken
      }
      run.spend(steps)
      return first + rule
    },
  }
}

const FACT = -1

/** What a gate is opened by: one whole text, one of several, or a part. */
type Wanted = string | ReadonlySet<string> | readonly string[]

function wantedBy(gate: Gate): Wanted | undefined {
  if (gate.kind === 'fact') return undefined
  const { keys } = gate
  if (keys.kind === 'part') return keys.any
  const [only = '', ...more] = keys.all
  return more.length === 0 ? only : keys.all
}

function mayFit(text: string, wanted: Wanted): boolean {
  if (typeof wanted === 'string') return text === wanted
  return 'has' in wanted ? wanted.has(text) : wanted.some((part) => text.includes(part))
}

/** Of holding a short value against the keys in vain. */
function stepsOf(gate: Gate): number {
  if (gate.kind === 'fact') return 0
  return 1 + (gate.keys.kind === 'whole' ? 0 : gate.keys.count)
}
