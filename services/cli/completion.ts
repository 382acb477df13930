// `postwolke completion bash|zsh|fish`: a script that completes commands and options from the tree, and names of what is stored from the data
// folder or the deployment. The script knows the tree by itself; only names are asked for, for a start of ours takes a moment.

import { Argument, type Command, Option } from 'commander'
import { leavesOf, pathOf } from './command-tree.ts'
import { type Common, type Process, serverOf, withStoreOptions } from './context.ts'
import { withAdministration } from './with-administration.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

const kinds = ['accounts', 'domains', 'aliases', 'queue'] as const
type Kind = (typeof kinds)[number]

/** By what the next argument is called. */
const kindOfArgument: { readonly [name: string]: Kind | undefined } = {
  address: 'accounts',
  owner: 'accounts',
  domain: 'domains',
  alias: 'aliases',
  'queue-id': 'queue',
}

/** Nobody chooses of more. */
const VALUES_MAX = 1_000

export function completionCommand(
  parent: Command,
  process: Process,
  createTree: () => Promise<Command>,
): void {
  const completion = withStoreOptions(parent.command('completion'))
    .description('print the script that completes commands, options and names in a shell')
    .addArgument(new Argument('<shell>', shells.join(', ')).choices(shells))
    .addOption(new Option('--values <kind>').choices(kinds).hideHelp())
  completion.action(async (shell: Shell) => {
    const options = completion.opts<Common & { readonly values?: Kind }>()
    if (options.values === undefined) {
      process.write(scripts[shell](entriesOf(await createTree())))
      return
    }
    for (const name of await valuesOf(options.values, options, process)) process.write(`${name}\n`)
  })
}

/** Whoever completes wants no reasons; and a server is not asked at every key. */
async function valuesOf(kind: Kind, options: Common, process: Process): Promise<readonly string[]> {
  const values: string[] = []
  if (serverOf(options, process) !== undefined) return values
  try {
    await withAdministration(options, process, { mayCreate: false }, async (context) => {
      const { administration } = context
      const limit = VALUES_MAX
      if (kind === 'queue') {
        const listed = administration.queue.list({})
        if (listed.kind !== 'queue') return
        for await (const { queueId } of listed.messages) {
          if (values.push(queueId) === VALUES_MAX) break
        }
      } else if (kind === 'accounts') {
        const page = await administration.accounts.page({ limit })
        if (page.kind === 'page') values.push(...page.items.map(({ address }) => address))
      } else if (kind === 'aliases') {
        const page = await administration.aliases.page({ limit })
        if (page.kind === 'page') values.push(...page.items.map(({ alias }) => alias))
      } else {
        const page = await administration.domains.page({ limit })
        if (page.kind === 'page') values.push(...page.items.map(({ domain }) => domain))
      }
    })
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
  // A shell is told no name that it would take for something else.
  return values.filter((name) => /^[\w.@+=-]{1,320}$/.test(name))
}

type Entry = {
  /** With a blank before each word; '' is the program itself. */
  readonly path: string
  readonly words: readonly { readonly name: string; readonly about: string }[]
  readonly options: readonly { readonly name: string; readonly about: string }[]
  readonly values: Kind | undefined
}

function entriesOf(program: Command): readonly Entry[] {
  const entry = (command: Command, path: string): Entry => ({
    path,
    words: command.commands.map((inner) => ({
      name: inner.name(),
      about: inner.description(),
    })),
    options: [
      ...command.options
        .filter(({ hidden }) => !hidden)
        .map(({ long, description }) => ({
          name: long ?? '',
          about: description,
        })),
      { name: '--help', about: 'print help' },
    ],
    values: kindOfArgument[command.registeredArguments[0]?.name() ?? ''],
  })
  const groups = program.commands.filter(({ commands }) => commands.length > 0)
  const nested = groups.flatMap(({ commands }) => commands.filter((one) => one.commands.length > 0))
  const all = [...groups, ...nested, ...leavesOf(program)]
  return [entry(program, ''), ...all.map((command) => entry(command, ` ${pathOf(command)}`))]
}

/** Descriptions and names are ours; all the same none ends the text that it stands in. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const names = (entries: Entry['words']) => entries.map(({ name }) => quoted(name)).join(' ')

/** The same in bash and zsh: prints what may come, one a line; its last argument is what is there of it. */
const candidates = (entries: readonly Entry[]) => `__postwolke_candidates() {
  local place='' word='' data='' before=''
  while [ $# -gt 1 ]; do
    word=$1
    shift
    if [ "$before" = --data ]; then data=$word; fi
    before=$word
    case "$place $word" in
${entries
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ${quoted(path)}) place=${quoted(path)} ;;`)
  .join('\n')}
    esac
  done
  case "$place" in
${entries.map(arm).join('\n')}
  esac
}

__postwolke_values() {
  if [ -n "$2" ]; then
    command postwolke completion "$1" --values "$3" --data "$2" 2>/dev/null
  else
    command postwolke completion "$1" --values "$3" 2>/dev/null
  fi
}
`

function arm({ path, words, options, values }: Entry): string {
  const lines = [
    `    ${quoted(path)})`,
    `      case "$1" in`,
    `        -*) printf '%s\\n' ${names(options)} ;;`,
    `        *)`,
    ...(words.length > 0 ? [`          printf '%s\\n' ${names(words)}`] : []),
    ...(values === undefined ? [] : [`          __postwolke_values bash "$data" ${values}`]),
    ...(words.length === 0 && values === undefined ? [`          :`] : []),
    `          ;;`,
    `      esac`,
    `      ;;`,
  ]
  return lines.join('\n')
}

const scripts: { readonly [shell in Shell]: (entries: readonly Entry[]) => string } = {
  bash: (entries) => `# bash completion for postwolke
${candidates(entries)}
_postwolke() {
  local line=\${COMP_LINE:0:COMP_POINT} current=''
  local -a words
  read -ra words <<<"$line"
  case "$line" in *[[:space:]]) ;; *) current=\${words[-1]} ; unset 'words[-1]' ;; esac
  COMPREPLY=($(compgen -W "$(__postwolke_candidates "\${words[@]:1}" "$current")" -- "$current"))
  # What bash takes for the word begins behind the @.
  case "$current" in *@*) COMPREPLY=("\${COMPREPLY[@]#"\${current%@*}@"}") ;; esac
}
complete -o default -F _postwolke postwolke
`,
  zsh: (entries) => `#compdef postwolke
${candidates(entries)}
_postwolke() {
  local -a found
  found=("\${(@f)$(__postwolke_candidates "\${(@)words[2,CURRENT]}")}")
  found=(\${found:#})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
if [ "$funcstack[1]" = _postwolke ]; then _postwolke "$@"
elif (( $+functions[compdef] )); then compdef _postwolke postwolke
fi
`,
  fish: (entries) => `# fish completion for postwolke
function __postwolke_place
    set -l place ''
    for word in (commandline -opc)[2..-1]
        switch "$place $word"
            case ${entries
              .filter(({ path }) => path !== '')
              .map(({ path }) => quoted(path))
              .join(' ')}
                set place "$place $word"
        end
    end
    echo -- $place
end

function __postwolke_at
    test (__postwolke_place) = "$argv[1]"
end

function __postwolke_values
    set -l words (commandline -opc)
    set -l at (contains -i -- --data $words)
    and set -l data --data $words[(math $at + 1)]
    command postwolke completion fish --values $argv[1] $data 2>/dev/null
end

complete -c postwolke -f
${entries.flatMap(fishLines).join('\n')}
`,
}

function fishLines({ path, words, options, values }: Entry): string[] {
  const when = `-n ${quoted(`__postwolke_at ${quoted(path)}`)}`
  const about = (text: string) => (text === '' ? '' : ` -d ${quoted(text)}`)
  return [
    ...words.map((one) => `complete -c postwolke ${when} -a ${one.name}${about(one.about)}`),
    ...options
      .filter(({ name }) => name !== '')
      .map((one) => `complete -c postwolke ${when} -l ${one.name.slice(2)}${about(one.about)}`),
    ...(values === undefined
      ? []
      : [`complete -c postwolke ${when} -a '(__postwolke_values ${values})'`]),
  ]
}
