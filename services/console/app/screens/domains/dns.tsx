// What to publish for a domain, beside what is found there. A page never waits for a slow check: records come first, what is found after.

import { get } from '../../api/client.ts'
import { Button, ButtonLink } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Ago, Foreign } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Failed, Loaded, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { segment } from '../../routes.ts'

type Published =
  | { readonly kind: 'met' }
  | { readonly kind: 'other' | 'several'; readonly found: readonly string[] }
  | { readonly kind: 'missing'; readonly others: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string }

type DnsRecord = {
  readonly name: string
  readonly type: string
  readonly value: string
  readonly purpose: string
  readonly need: 'must' | 'should' | 'may'
  readonly hint?: string | null
  readonly published?: Published | null
}

type Records = { readonly records: readonly DnsRecord[] }

export function DomainDns({ domain }: { readonly domain: string }) {
  const path = `/domains/${segment(domain)}/dns`
  const wanted = useResource(path, (signal) => get<Records>(path, {}, signal))
  const checked = useResource(`${path} checked`, (signal) =>
    get<Records>(path, { check: true }, signal),
  )
  const shown = checked.value ?? wanted.value
  const toDo = checked.value?.records.filter((record) => needsWork(record)).length
  return (
    <Panel
      title={
        toDo === undefined
          ? t('dns.title')
          : toDo === 0
            ? t('dns.allWell')
            : t('dns.needWork', { count: toDo, of: checked.value?.records.length ?? 0 })
      }
      actions={
        <>
          {checked.atMs !== undefined && (
            <span class="meta">
              {t('dns.checked')} <Ago at={checked.atMs} />
            </span>
          )}
          <Button icon="reload" onPress={checked.reload}>
            {checked.isLoading ? t('dns.checking') : t('dns.check')}
          </Button>
          <ButtonLink href={`/api/v1/domains/${segment(domain)}/zone`} download={`${domain}.zone`}>
            {t('dns.zone')}
          </ButtonLink>
        </>
      }
    >
      {checked.failure !== undefined && (
        <Failed failure={checked.failure} retry={checked.reload} lastGoodMs={checked.atMs} />
      )}
      {shown === undefined ? (
        <Loaded of={wanted} lines={8}>
          {() => null}
        </Loaded>
      ) : (
        <ul class="records">
          {shown.records.map((record) => (
            <RecordItem
              key={`${record.type} ${record.name} ${record.value}`}
              record={record}
              isChecking={checked.isLoading && checked.value === undefined}
            />
          ))}
        </ul>
      )}
    </Panel>
  )
}

const needsWork = ({ published, need }: DnsRecord) =>
  published !== null &&
  published !== undefined &&
  published.kind !== 'met' &&
  !(need === 'may' && published.kind === 'missing')

function RecordItem({
  record,
  isChecking,
}: {
  readonly record: DnsRecord
  readonly isChecking: boolean
}) {
  const { name, type, value, purpose, published, hint } = record
  return (
    <li class="record">
      <div class="record-head">
        <RecordStatus record={record} isChecking={isChecking} />
        <strong>{tIfKnown(`dns.purpose.${purpose}`) ?? purpose}</strong>
        <span class="meta">{t(`dns.need.${record.need}`)}</span>
      </div>
      <dl class="record-parts">
        <div>
          <dt>{t('dns.name')}</dt>
          <dd>
            <code>{name}</code>
            <CopyButton text={name} what={t('dns.name')} />
          </dd>
        </div>
        <div>
          <dt>{t('dns.type')}</dt>
          <dd>
            <code>{type}</code>
          </dd>
        </div>
        {partsOf(type, value).map(([part, text]) => (
          <div key={part} class={part === 'value' || part === 'target' ? 'long' : ''}>
            <dt>{t(`dns.${part}`)}</dt>
            <dd>
              <code>{text}</code>
              <CopyButton text={text} what={t(`dns.${part}`)} />
            </dd>
          </div>
        ))}
      </dl>
      {published && 'found' in published && <Found texts={published.found} />}
      {published?.kind === 'missing' && published.others.length > 0 && (
        <Found texts={published.others} />
      )}
      {published?.kind === 'unknown' && (
        <p class="meta">
          <Foreign text={published.why} />
        </p>
      )}
      {hint && <p class="hint">{hint}</p>}
    </li>
  )
}

function Found({ texts }: { readonly texts: readonly string[] }) {
  return (
    <p class="found">
      <span class="meta">{t('dns.found')}</span>
      {texts.map((text) => (
        <code key={text}>
          <Foreign text={text} />
        </code>
      ))}
    </p>
  )
}

function RecordStatus({
  record: { published, need },
  isChecking,
}: {
  readonly record: DnsRecord
  readonly isChecking: boolean
}) {
  if (isChecking) return <Status look="info">{t('dns.checking')}</Status>
  switch (published?.kind) {
    case undefined:
      return <Status look="info">{t('dns.unchecked')}</Status>
    case 'met':
      return <Status look="ok">{t('dns.met')}</Status>
    case 'other':
      return <Status look="bad">{t('dns.other')}</Status>
    case 'several':
      return <Status look="bad">{t('dns.several')}</Status>
    case 'missing':
      return (
        <Status look={need === 'must' ? 'bad' : need === 'should' ? 'warn' : 'info'}>
          {t('dns.missing')}
        </Status>
      )
    case 'unknown':
      return <Status look="warn">{t('dns.unknown')}</Status>
  }
}

type Part = 'value' | 'priority' | 'weight' | 'port' | 'target'

/** Forms of providers ask for each by itself; inside the value they confuse. */
function partsOf(type: string, value: string): readonly (readonly [Part, string])[] {
  const words = value.split(' ')
  const names: { readonly [type: string]: readonly Part[] } = {
    MX: ['priority', 'target'],
    SRV: ['priority', 'weight', 'port', 'target'],
    CNAME: ['target'],
  }
  const parts = names[type]
  if (parts === undefined || parts.length !== words.length) return [['value', value]]
  return parts.map((part, i) => [part, words[i] ?? ''] as const)
}
