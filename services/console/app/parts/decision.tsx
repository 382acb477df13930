// A decision of policy, rule by rule: what each said, up to the one that decided.

import { Foreign } from '../kit/format.tsx'
import { t, tIfKnown } from '../kit/language.ts'
import { Status } from '../kit/panel.tsx'
import { type Decision, type DecisionStep, replyText } from '../screens/trace/trace-api.ts'

const looks: { readonly [said: string]: 'ok' | 'warn' | 'bad' | 'info' } = {
  permit: 'ok',
  reject: 'bad',
  defer: 'warn',
  discard: 'bad',
  failure: 'bad',
  hold: 'warn',
  warn: 'warn',
  'defer-if-permit': 'warn',
  'defer-if-reject': 'warn',
}

export function Verdict({ decision: { verdict, score } }: { readonly decision: Decision }) {
  const look = verdict.kind === 'permit' ? (verdict.hold === null ? 'ok' : 'warn') : 'bad'
  return (
    <div class={`notice ${look}`}>
      <div>
        <p>
          <Status look={look}>
            {verdict.hold === null ? t(`verdict.${verdict.kind}`) : t('verdict.hold')}
          </Status>{' '}
          {verdict.restriction !== null && (
            <>
              {t('verdict.by')} <span class="mono">{verdict.restriction}</span>
            </>
          )}
        </p>
        {verdict.reply !== null && (
          <p>
            <Foreign text={replyText(verdict.reply)} isMono />
          </p>
        )}
        {verdict.hold !== null && (
          <p>
            <Foreign text={verdict.hold} />
          </p>
        )}
        {score !== null && <p class="meta">{t('verdict.score', { score })}</p>}
        {verdict.warnings.map((warning) => (
          <p key={warning} class="meta">
            <Foreign text={warning} />
          </p>
        ))}
      </div>
    </div>
  )
}

export function DecisionSteps({ decision: { steps, lookups } }: { readonly decision: Decision }) {
  const asked = Object.entries(lookups)
  return (
    <>
      <div class="scroll-x">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                #
              </th>
              <th scope="col">{t('decision.rule')}</th>
              <th scope="col">{t('decision.said')}</th>
              <th scope="col">{t('decision.why')}</th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step, i) => (
              <Row key={i} step={step} number={i + 1} isNew={steps[i - 1]?.stage !== step.stage} />
            ))}
          </tbody>
        </table>
      </div>
      {asked.length > 0 && (
        <details>
          <summary>{t('decision.lookups', { count: asked.length })}</summary>
          <ul class="addresses">
            {asked.map(([question, answer]) => (
              <li key={question} class="mono">
                <Foreign text={question} />: <Foreign text={JSON.stringify(answer)} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

function Row({
  step,
  number,
  isNew,
}: {
  readonly step: DecisionStep
  readonly number: number
  readonly isNew: boolean
}) {
  const { stage, restriction, said, text, reply, depth, isWarned } = step
  const look = looks[said] ?? 'info'
  return (
    <tr class={said === 'dunno' ? 'unsaid' : ''}>
      <td class="number">{number}</td>
      <th scope="row">
        {isNew && <div class="meta">{tIfKnown(`stage.${stage}`) ?? stage}</div>}
        <span class="mono">
          {'› '.repeat(depth)}
          <Foreign text={restriction} />
        </span>
      </th>
      <td>
        <Status look={look}>{tIfKnown(`said.${said}`) ?? said}</Status>
        {isWarned && <div class="meta">{t('decision.onlyWarns')}</div>}
      </td>
      <td>
        {(reply ?? text) !== null && (
          <Foreign text={reply ? replyText(reply) : (text ?? '')} isMono />
        )}
      </td>
    </tr>
  )
}
