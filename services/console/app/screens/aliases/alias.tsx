// One alias: where does this address lead, in the end?

import { get } from '../../api/client.ts'
import type { Alias } from '../../api/directory.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Foreign } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import { Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { useVersioned } from '../../kit/versioned.tsx'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { removeAlias } from './list.tsx'
import { targetsOf } from './new.tsx'

/** Of an address that is something else; where its mail goes is told too. */
type NoAlias = { readonly kind: string; readonly targets?: undefined }

/** As GET /v1/aliases/{alias}/tree answers. */
type Branch = {
  readonly address: string
  readonly kind: string
  readonly leadsTo?: readonly Branch[]
}

export function screen({ params }: { readonly params: ScreenParams }) {
  const name = params['alias'] ?? ''
  const path = `/aliases/${segment(name)}`
  const alias = useVersioned<Alias | NoAlias>(path)
  const expansion = useResource(`${path} ${alias.value?.etag ?? ''}`, (signal) =>
    get<Branch>(`${path}/tree`, {}, signal),
  )
  const found = alias.value?.body
  return (
    <Page
      title={name}
      back={{ href: '/aliases', label: t('aliases.title') }}
      actions={
        found?.targets !== undefined &&
        may('directory.write') && (
          <Button
            onPress={async () => {
              await removeAlias(found, () => navigate(path))
              await navigate('/aliases')
            }}
          >
            {t('act.delete')}
          </Button>
        )
      }
    >
      <div class="panels">
        <Panel title={t('alias.targets')}>
          <Loaded of={alias}>
            {({ body, etag }) =>
              body.targets === undefined ? (
                <p>{t('alias.isNone')}</p>
              ) : (
                <Targets key={etag} alias={body} patch={alias.patch} />
              )
            }
          </Loaded>
        </Panel>
        <Panel title={t('alias.expansion')}>
          <p class="hint">{t('alias.expansionText')}</p>
          <Loaded of={expansion}>
            {(root) => (
              <ul class="tree">
                <BranchItem branch={root} depth={0} />
              </ul>
            )}
          </Loaded>
        </Panel>
      </div>
    </Page>
  )
}

function Targets({
  alias,
  patch,
}: {
  readonly alias: Alias
  readonly patch: ReturnType<typeof useVersioned>['patch']
}) {
  const form = useForm({
    initial: { targets: alias.targets.join('\n') },
    async send({ targets }) {
      const saved = await patch({ targets: targetsOf(targets) }, { targets: t('alias.targets') })
      if (saved === 'saved') toast({ text: t('saved') })
    },
  })
  if (!may('directory.write')) {
    return (
      <ul class="items">
        {alias.targets.map((target) => (
          <li key={target}>
            <Foreign text={target} isMono />
          </li>
        ))}
      </ul>
    )
  }
  return (
    <FormBody form={form} label={t('alias.targets')} verb={t('act.save')} needsChange>
      <TextField
        form={form}
        name="targets"
        label={t('alias.targets')}
        hint={t('alias.targetsHint')}
        rows={Math.min(12, Math.max(3, alias.targets.length + 1))}
        isMono
      />
    </FormBody>
  )
}

const DEPTH_MAX = 20

function BranchItem({ branch, depth }: { readonly branch: Branch; readonly depth: number }) {
  const { address, kind, leadsTo = [] } = branch
  const isBad = ['loop', 'unknown', 'cut'].includes(kind)
  const look = isBad ? 'bad' : kind === 'disabled' ? 'warn' : kind === 'account' ? 'ok' : 'info'
  return (
    <li>
      <Foreign text={address} isMono />{' '}
      <Status look={look}>{tIfKnown(`branch.${kind}`) ?? kind}</Status>
      {leadsTo.length > 0 && depth < DEPTH_MAX && (
        <ul>
          {leadsTo.map((each) => (
            <BranchItem key={each.address} branch={each} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  )
}
