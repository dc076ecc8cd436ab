(function () {
  "use strict";
  var NEXT = "clinicctl-next";
  var board = document.getElementById("board");

  // The page on show loads itself again in a hidden frame, which hands the new board over. So the last board stays when
  // the file or the server is gone, and it works for a file without a server, too.
  if (window.name === NEXT) {
    window.parent.postMessage(board.outerHTML, "*");
    return;
  }

  var root = document.documentElement;
  var old = document.getElementById("old");
  var button = document.getElementById("sound");
  var every = Math.max(1, Number(board.getAttribute("data-every"))) * 1000;
  var limit = 3 * every + 5000;
  var place = window.location.href.split(/[?#]/)[0];
  // The clock of this machine may be wrong. So the age counts from when the board was seen to change; only the first one
  // is compared with the clock.
  var seen = { at: stamp(board), since: performance.now(), changed: false };
  var frame = null;
  var audio = null;

  function stamp(from) {
    return Number(from.getAttribute("data-at"));
  }

  function calls(from) {
    return Array.prototype.map.call(from.querySelectorAll("[data-call]"), function (each) {
      return each.getAttribute("data-call");
    });
  }

  function load() {
    if (frame) {
      frame.remove();
    }
    frame = document.createElement("iframe");
    frame.name = NEXT;
    frame.hidden = true;
    frame.src = place + "?" + Date.now();
    document.body.appendChild(frame);
  }

  function since() {
    var time = board.querySelector("header time");
    var isToday = new Date(seen.at).toDateString() === new Date().toDateString();
    return (isToday ? "" : time.getAttribute("datetime").slice(0, 10) + " ") + time.textContent;
  }

  function mark() {
    var age = performance.now() - seen.since;
    if (!seen.changed) {
      age = Math.max(age, Date.now() - seen.at);
    }
    var isOld = age > limit;
    old.hidden = !isOld;
    old.querySelector("span").textContent = since();
    document.body.classList.toggle("old", isOld);
  }

  function take(event) {
    if (!frame || event.source !== frame.contentWindow || typeof event.data !== "string") {
      return;
    }
    var next = new DOMParser().parseFromString(event.data, "text/html").getElementById("board");
    if (!next || stamp(next) === seen.at) {
      return;
    }
    if (next.getAttribute("data-version") !== board.getAttribute("data-version")) {
      window.location.reload();
      return;
    }
    seen = { at: stamp(next), since: performance.now(), changed: true };
    var before = calls(board);
    var added = calls(next).filter(function (each) {
      return before.indexOf(each) < 0;
    });
    next = document.importNode(next, true);
    board.replaceWith(next);
    board = next;
    added.forEach(function (each) {
      Array.prototype.forEach.call(board.querySelectorAll("[data-call]"), function (number) {
        if (number.getAttribute("data-call") === each) {
          number.closest(".called").classList.add("new");
        }
      });
    });
    if (added.length) {
      chime();
    }
    mark();
  }

  // A browser plays no sound before somebody has touched the page, unless it is started with that allowed.
  function chime() {
    if (!audio || audio.state !== "running") {
      return;
    }
    root.setAttribute("data-chimed", String(Number(root.getAttribute("data-chimed")) + 1));
    [[880, 0], [659.25, 0.35]].forEach(function (tone) {
      var start = audio.currentTime + tone[1];
      var source = audio.createOscillator();
      var loudness = audio.createGain();
      source.frequency.value = tone[0];
      loudness.gain.setValueAtTime(0.0001, start);
      loudness.gain.exponentialRampToValueAtTime(0.5, start + 0.02);
      loudness.gain.exponentialRampToValueAtTime(0.0001, start + 0.9);
      source.connect(loudness);
      loudness.connect(audio.destination);
      source.start(start);
      source.stop(start + 1);
    });
  }

  function listen() {
    var Audio = window.AudioContext || window.webkitAudioContext;
    if (root.getAttribute("data-sound") !== "yes" || !Audio) {
      return;
    }
    audio = new Audio();
    function show() {
      button.hidden = audio.state === "running";
    }
    function wake() {
      audio.resume();
    }
    audio.onstatechange = show;
    document.addEventListener("pointerdown", wake);
    document.addEventListener("keydown", wake);
    show();
  }

  window.addEventListener("message", take);
  listen();
  mark();
  window.setInterval(load, every);
  window.setInterval(mark, 1000);
})();
