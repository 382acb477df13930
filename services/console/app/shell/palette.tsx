// Search: knows by its form what was typed, and finds among all that one may see. Five of a group, with the number of the rest: a list that
// ends silently makes what it lacks seem missing.

import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { get } from '../api/client.ts'
import { may } from '../api/session.ts'
import { Dialog, show } from '../kit/dialog.tsx'
import { FaultLine } from '../kit/fault-line.tsx'
import { formatCount } from '../kit/format.tsx'
import { Icon, type IconName } from '../kit/icon.tsx'
import { t, tIfKnown } from '../kit/language.ts'
import { navigate } from '../kit/location.ts'
import { matchRoute, segment } from '../routes.ts'
import { visibleEntries } from './entries.ts'
import { type Shape, shapesOf } from './shapes.ts'

type Hit = {
  readonly key: string
  readonly icon: IconName
  readonly text: string
  readonly note?: string
  readonly href: string
}
type Group = {
  readonly name: string
  readonly hits: readonly Hit[]
  readonly rest?: string | undefined
}

/** As GET /v1/search answers. */
type Found = {
  readonly groups: readonly {
    readonly kind: string
    readonly hits: readonly { readonly name: string; readonly detail: string }[]
    readonly rest: number
    readonly more: boolean
  }[]
}

const ASK_AFTER_MS = 150
const HITS = 5

let isOpen = false

export function openPalette(): void {
  if (isOpen) return
  isOpen = true
  void show((close) => <Palette close={close} />).finally(() => {
    isOpen = false
  })
}

function Palette({ close }: { readonly close: () => void }) {
  const [text, setText] = useState('')
  const [found, setFound] = useState<readonly Group[]>([])
  const [failure, setFailure] = useState<unknown>()
  const [at, setAt] = useState(0)
  const list = useId()
  const input = useRef<HTMLInputElement>(null)
  const asked = text.trim()

  useLayoutEffect(() => input.current?.focus(), [])
  useEffect(() => {
    setFailure(undefined)
    if (asked.length < 2) return setFound([])
    const ending = new AbortController()
    const timer = setTimeout(() => {
      search(asked, ending.signal).then(
        (groups) => ending.signal.aborted || setFound(groups),
        (error) => ending.signal.aborted || setFailure(error),
      )
    }, ASK_AFTER_MS)
    return () => {
      clearTimeout(timer)
      ending.abort()
    }
  }, [asked])

  // What is found later stands below: what one is about to open stays where it is.
  const groups = [...verbs(asked), ...byShape(asked), ...places(asked), ...found].filter(
    ({ hits }) => hits.length > 0,
  )
  const hits = groups.flatMap((group) => group.hits)
  const open = (hit: Hit | undefined) => {
    if (hit === undefined) return
    close()
    void navigate(hit.href)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(at + 1, hits.length - 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0))
    else if (event.key === 'Enter') open(hits[at])
    else return
    event.preventDefault()
  }
  return (
    <Dialog title={t('palette.title')} onClose={close} isWide>
      <div class="palette">
        <input
          ref={input}
          class="input"
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-label={t('palette.title')}
          {...(hits[at] && { 'aria-activedescendant': `${list}-${at}` })}
          placeholder={t('frame.search')}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={onKeyDown}
        />
        <FaultLine failure={failure} />
        <div id={list} role="listbox" aria-label={t('palette.title')} class="palette-hits">
          {groups.map(({ name, hits: own, rest }) => (
            <div key={name} role="group" aria-label={name}>
              <div class="meta" role="presentation">
                {name}
                {rest === undefined ? '' : ` · ${t('palette.rest', { rest })}`}
              </div>
              {own.map((hit) => {
                const index = hits.indexOf(hit)
                return (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
                  <div
                    key={hit.key}
                    id={`${list}-${index}`}
                    role="option"
                    aria-selected={index === at}
                    class="hit"
                    onClick={() => open(hit)}
                    onPointerMove={() => setAt(index)}
                  >
                    <Icon name={hit.icon} />
                    <bdi class="foreign">{hit.text}</bdi>
                    {hit.note && <span class="meta">{hit.note}</span>}
                  </div>
                )
              })}
            </div>
          ))}
        </div>
        {hits.length === 0 && <p class="hint">{t('palette.nothing')}</p>}
      </div>
    </Dialog>
  )
}

/** Only to screens that are there and that one may open. */
function reachable(href: string): boolean {
  const matched = matchRoute(href.replace(/\?.*$/s, ''))
  return matched !== undefined && may(matched.route.right)
}

const iconOfShape = {
  address: 'accounts',
  domain: 'domains',
  'queue-id': 'trace',
  'message-id': 'trace',
  network: 'policy',
} as const satisfies { readonly [shape in Shape]: IconName }

function byShape(text: string): readonly Group[] {
  const coded = encodeURIComponent(text)
  const hrefs = {
    address: [`/accounts/${segment(text)}`, `/trace?recipient=${coded}`],
    domain: [`/domains/${segment(text)}`, `/queue?destination=${coded}`],
    'queue-id': [`/queue/${segment(text)}`, `/trace/${segment(text)}`],
    'message-id': [`/trace?messageId=${coded}`],
    network: [`/policy/explain?client=${coded}`],
  } as const satisfies { readonly [shape in Shape]: readonly string[] }
  const hits = shapesOf(text).flatMap((shape) =>
    hrefs[shape].filter(reachable).map((href): Hit => {
      const [, entry = ''] = href.split(/[/?]/)
      const note = tIfKnown(`entry.${entry}`)
      return { key: href, icon: iconOfShape[shape], text, href, ...(note && { note }) }
    }),
  )
  return [{ name: t('palette.open'), hits }]
}

/** "contain ann@example.org": the verb, in either language or in part, and whom. */
function verbs(text: string): readonly Group[] {
  const [, verb = '', address = ''] = /^(\S{3,40})\s+(\S{3,320})$/.exec(text) ?? []
  if (!shapesOf(address).includes('address')) return []
  const known = [
    { act: 'contain', words: ['contain', t('contain.verb')], label: t('contain.verb') },
    {
      act: 'password',
      words: ['password', 'reset', t('signIn.password')],
      label: t('password.reset'),
    },
  ].filter(({ act }) => act === 'password' || may('accounts.contain'))
  const hits = known
    .filter(({ words }) => words.some((word) => word.toLowerCase().startsWith(verb.toLowerCase())))
    .map(({ act, label }): Hit => {
      const href = `/accounts/${segment(address)}?act=${act}`
      return { key: href, icon: 'key', text: address, note: label, href }
    })
  return [{ name: t('palette.open'), hits }]
}

function places(text: string): readonly Group[] {
  const wanted = text.toLowerCase()
  const known = [
    ...visibleEntries().map(({ entry, href }) => ({
      href,
      icon: entry,
      text: t(`entry.${entry}`),
    })),
    { href: '/aliases', icon: 'accounts', text: t('aliases.title') },
    { href: '/accounts/new', icon: 'plus', text: t('account.new') },
    { href: '/aliases/new', icon: 'plus', text: t('alias.new') },
    { href: '/domains/new', icon: 'plus', text: t('domain.new') },
    { href: '/accounts/import', icon: 'plus', text: t('import.title') },
    { href: '/me', icon: 'accounts', text: t('me.title') },
  ] as const
  const hits = known
    .filter(({ href }) => reachable(href))
    .filter(({ text: name }) => name.toLowerCase().includes(wanted))
    .map((each): Hit => ({ ...each, key: each.href }))
  return [{ name: t('palette.places'), hits: wanted === '' ? hits : hits.slice(0, HITS) }]
}

/** What is found in the directory and among settings; the rest is known by its form, here. */
async function search(text: string, signal: AbortSignal): Promise<readonly Group[]> {
  const { groups } = await get<Found>('/search', { q: text }, signal)
  return groups.map(({ kind, hits, rest, more }) => ({
    name: tIfKnown(`palette.${kind}`) ?? kind,
    hits: hits.flatMap(({ name, detail }): readonly Hit[] => {
      const href = hrefOf(kind, name)
      if (href === undefined || !reachable(href)) return []
      const note = detail === '' ? {} : { note: detail }
      return [{ key: `${kind} ${name}`, icon: iconOf(kind), text: name, href, ...note }]
    }),
    rest: more ? `${formatCount(rest)}+` : rest > 0 ? formatCount(rest) : undefined,
  }))
}

function hrefOf(kind: string, name: string): string | undefined {
  switch (kind) {
    case 'accounts':
      return `/accounts/${segment(name)}`
    case 'aliases':
      return `/aliases/${segment(name)}`
    case 'domains':
      return `/domains/${segment(name)}`
    case 'settings':
      return `/service/settings?q=${encodeURIComponent(name)}`
    default:
      return undefined
  }
}

const iconOf = (kind: string): IconName =>
  kind === 'domains' ? 'domains' : kind === 'settings' ? 'service' : 'accounts'
