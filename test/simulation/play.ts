import { verifyAtRest } from './at-rest.js';
import { Stage } from './stage.js';
import { EVERY_MS, marginsOf, type Story } from './story.js';

/** Plays a story to its end and throws the first claim that breaks. Answers the number of events. */
export async function play(story: Story, stage = new Stage(story.setting)): Promise<number> {
  for (const act of story.acts) await stage.act(act);
  await rest(stage);
  return stage.witness.history.length;
}

/** The end of every story: trouble is over, time passes, and everything that was promised must be there. */
export async function rest(stage: Stage): Promise<void> {
  const { settleMs, sweepEveryMs } = marginsOf(stage.setting);
  const untilVisible = () => Math.max(0, stage.company.lastVisibleAtMs - stage.time.nowMs) + stage.setting.replicaLagMs;
  await stage.comeToRest();
  await stage.pollAll();
  stage.wait(untilVisible() + settleMs + EVERY_MS * 3);
  await stage.pollAll();
  stage.wait(stage.time.setBackByMs + sweepEveryMs + settleMs + EVERY_MS);
  await stage.pollAll();
  stage.wait(EVERY_MS * 3);
  await stage.pollAll();
  verifyAtRest(stage);
}
