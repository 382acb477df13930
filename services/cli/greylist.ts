import { type Command, Option } from 'commander'
import type { ClientShown, TripletShown } from '#shared/administration/greylist.ts'
import type { TripletFacts } from '#shared/contracts/greylist.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

const sinceOption = () => new Option('--since <time>', 'how far back: 4h, 7d').default('1d')
const CUT = 'there may be older ones'

/** `postwolke greylist …`: who has to come again, and who need not. */
export function greylistCommands(parent: Command, define: Define): void {
  const greylist = parent.command('greylist').description('who is asked to come again, and who not')

  define<{ since: string }>(greylist.command('list <who>'), {
    about:
      'show mail that was put off lately: of a client, by its IP address, a sender or a recipient',
    options: (command) => command.addOption(sinceOption()),
    async run({ administration, output }, [about], { since }) {
      const found = await administration.greylist.list({ about, since })
      if (found.kind !== 'greylist') throw refused(found, { since: '--since' })
      const entries = found.entries.map(({ atMs, places, ...one }) => ({
        at: formatTime(atMs),
        ...one,
        places: places.map(shownPlace),
      }))
      output.print({ entries, isCut: found.isCut }, (width) => [
        ...columns(
          ['AT', 'CLIENT', 'SENDER', 'RECIPIENT', 'NOW'],
          found.entries.map((one) => [
            formatTime(one.atMs),
            one.client,
            one.sender || '<>',
            one.recipient,
            one.places.map(stateText).join(', '),
          ]),
          width,
        ),
        ...(found.isCut ? [CUT] : []),
      ])
    },
  })

  define<{ since: string }>(greylist.command('scores <who>'), {
    about: 'show the points of mail that was refused or put off lately',
    options: (command) => command.addOption(sinceOption()),
    async run({ administration, output }, [about], { since }) {
      const found = await administration.greylist.scores({ about, since })
      if (found.kind !== 'scores') throw refused(found, { since: '--since' })
      const entries = found.entries.map(({ atMs, ...one }) => ({ at: formatTime(atMs), ...one }))
      output.print({ entries, isCut: found.isCut }, (width) => [
        ...columns(
          ['AT', 'CLIENT', 'SENDER', 'RECIPIENT', 'POINTS', 'OUTCOME'],
          found.entries.map((one) => [
            formatTime(one.atMs),
            one.client,
            one.sender || '<>',
            one.recipient || '-',
            String(Number(one.score.toFixed(3))),
            one.outcome,
          ]),
          width,
        ),
        ...(found.isCut ? [CUT] : []),
      ])
    },
  })

  const verbs = [
    ['show', 'show how a client, or its mail from a sender to a recipient, stands'],
    ['allow', 'let it in, as if it had come again in time; of a client alone: all its mail'],
    ['forget', 'forget that it came: it begins anew'],
  ] as const
  for (const [verb, about] of verbs) {
    define<{ sender?: string; recipient?: string }>(greylist.command(`${verb} <client>`), {
      about,
      options: (command) =>
        command
          .option('--sender <address>', "address in MAIL FROM; '<>' for none")
          .option('--recipient <address>', 'address in RCPT TO'),
      async run(context, [client], { sender, recipient }) {
        if ((sender === undefined) !== (recipient === undefined)) {
          throw new CommandFailure('--sender and --recipient belong together', 'usage')
        }
        const found =
          sender === undefined || recipient === undefined
            ? await ofClient(context, verb, client)
            : await context.administration.greylist[verb]({ client, sender, recipient })
        if (found.kind === 'bad-value') throw refused(found)
        if (found.kind === 'client') printClient(context, found)
        else printTriplet(context, found)
      },
    })
  }
}

function ofClient({ administration }: Context, verb: 'show' | 'allow' | 'forget', client: string) {
  const { greylist } = administration
  const acts = {
    show: greylist.client,
    allow: greylist.allowClient,
    forget: greylist.forgetClient,
  }
  return acts[verb](client)
}

function printClient({ output }: Context, { kind: _, endsMs, ...facts }: ClientShown): void {
  const { client, passes, passesEnough } = facts
  const isKnown = passesEnough > 0 && passes >= passesEnough
  output.print({ ...facts, ends: endsMs === null ? null : formatTime(endsMs) }, () => [
    `${client} came again ${passes} times of ${passesEnough}: ${isKnown ? 'not greylisted any more' : 'greylisted'}`,
  ])
}

function printTriplet({ output }: Context, { triplet, places }: TripletShown): void {
  output.print({ ...triplet, places: places.map(shownPlace) }, () =>
    places.map((one) => `${one.place}: ${stateText(one)}`),
  )
}

function stateText({ state, fromMs, endsMs }: TripletFacts): string {
  if (state === 'waiting' && fromMs !== null) return `let in from ${formatTime(fromMs)}`
  if (state === 'passed' && endsMs !== null) return `let in until ${formatTime(endsMs)}`
  return 'not known'
}

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

const shownPlace = ({ firstMs, fromMs, endsMs, ...one }: TripletFacts) => ({
  ...one,
  first: timeOrNull(firstMs),
  from: timeOrNull(fromMs),
  ends: timeOrNull(endsMs),
})
