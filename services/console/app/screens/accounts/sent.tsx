// How much an account has sent of what it may, and what is held against it: why its mail is refused, or that it sends what nobody wrote.

import { call, get } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { formatBytes, formatCount, formatDuration } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Loaded, Meter, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'

/** A limit of 0 is none. */
type Count = { readonly used: number; readonly limit: number }
type Counted = Count & { readonly what: string; readonly windowSeconds: number }

type Sending = {
  readonly day: readonly Counted[]
  readonly rates: readonly Counted[]
  readonly suspicion: {
    readonly action: string
    readonly windowSeconds: number
    readonly newDestinations: Count
    readonly bounces: Count
    readonly countries: Count & { readonly seen: readonly { readonly country: string }[] }
  }
}

/** `path` of the account. */
export function Sent({ path, address }: { readonly path: string; readonly address: string }) {
  const sending = useResource(`${path}/sending`, (signal) =>
    get<Sending>(`${path}/sending`, {}, signal),
  )
  const forget = async () => {
    const done = await confirm({
      title: t('sent.forgetTitle', { address }),
      text: <p>{t('sent.forgetText')}</p>,
      verb: t('sent.forget'),
      act: () => call('POST', `${path}/sending:forget`),
    })
    if (!done) return
    sending.reload()
    toast({ text: t('sent.forgotten', { address }) })
  }
  return (
    <Panel
      title={t('sent.title')}
      actions={may('policy.write') && <Button onPress={forget}>{t('sent.forget')}</Button>}
    >
      <Loaded of={sending} lines={5}>
        {({ day, rates, suspicion }) => (
          <>
            <h3>{t('sent.today')}</h3>
            <Counts counts={day} />
            {rates.some(({ limit }) => limit > 0) && (
              <>
                <h3>{t('sent.within', { time: spanOf(rates[0]) })}</h3>
                <Counts counts={rates.filter(({ limit }) => limit > 0)} />
              </>
            )}
            <h3>{t('sent.suspicion', { time: spanOf(suspicion) })}</h3>
            <Counts
              counts={[
                { ...suspicion.newDestinations, what: 'newDestinations' },
                { ...suspicion.bounces, what: 'bounces' },
                { ...suspicion.countries, what: 'countries' },
              ]}
            />
            {suspicion.countries.seen.length > 0 && (
              <p class="meta">
                {suspicion.countries.seen.map(({ country }) => nameOf(country)).join(', ')}
              </p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  )
}

const spanOf = (one: { readonly windowSeconds: number } | undefined) =>
  formatDuration((one?.windowSeconds ?? 0) * 1_000)

function Counts({ counts }: { readonly counts: readonly (Count & { readonly what: string })[] }) {
  return (
    <dl class="counts">
      {counts.map(({ what, used, limit }) => {
        const format = what === 'bytes' ? formatBytes : formatCount
        const label = tIfKnown(`sent.${what}`) ?? what
        return (
          <div key={what}>
            <dt>{label}</dt>
            <dd>
              {limit > 0
                ? t('account.usedOf', { used: format(used), quota: format(limit) })
                : t('sent.noLimit', { used: format(used) })}
              {limit > 0 && <Meter value={used} of={limit} label={label} />}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

/** Of ISO 3166-1; its two letters where the browser knows no name. */
function nameOf(country: string): string {
  try {
    return (
      new Intl.DisplayNames(document.documentElement.lang, { type: 'region' }).of(country) ??
      country
    )
  } catch {
    return country
  }
}
