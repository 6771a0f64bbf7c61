// The page of the demo: a small Slack on the left, the world it acts on on the right.

import * as talk from "./talk.js";
import { follow } from "./wire.js";
import * as worldview from "./worldview.js";

const ENDED = "The demo does not answer; it has probably ended. Start it again with make demo.";
let lost = false;

function alive(changed) {
  return (state) => {
    if (lost) talk.notice("");
    lost = false;
    changed(state);
  };
}

function gone() {
  lost = true;
  talk.notice(ENDED);
}

follow(
  "/world/state",
  alive((state) => {
    worldview.worldChanged(state);
    talk.worldChanged(state);
  }),
  gone,
);
follow("/sandbox/state", alive(talk.slackChanged), gone);
