/* Two CPUs, their threads and their memory: what adaptive_mutex.pml stands on, which includes this
 * and says what it models. Threads are the first THREADS processes. */

/* The turnstile lock, which is fair: who has it, and who is next; a process's number and 1. No
 * more, for whoever is in this line holds its CPU. */
byte line[2];

/* Scheduling */
byte current[2] = NOBODY;   /* a CPU's thread */
bool held_off[THREADS + 1]; /* a thread's hold on preemption, kept while it sleeps */
bool ready[THREADS] = true;
bool wake_call[THREADS];    /* left by another CPU for the thread's home */
bool armed[THREADS];    /* a timeout of this sleep may come */
bool timed_out[THREADS];

/* The data: true where a copy is what was written last. */
bool in_memory = true, in_buffer[2];
bool buffered[2];
bool load_is_fresh[THREADS];    /* of what a load of this thread may have been satisfied with */
byte inside;            /* how many threads are in the critical section */

#define MAY_PREEMPT(cpu) (current[cpu] != TIMER && !held_off[current[cpu]])
/* Runs on another CPU than the caller's. */
#define ELSEWHERE(t) (HOME(t) != HOME(_pid) && current[HOME(t)] == (t))

/* What this CPU reads now: its own buffer first. */
#define SEEN(cpu) (buffered[cpu] -> in_buffer[cpu] : in_memory)

/* Before any step: the CPU may go elsewhere. */
inline point() {
    if
    :: !held_off[_pid] -> current[HOME(_pid)] = NOBODY
    :: true
    fi
}

inline store_barrier(cpu) {
    if
    :: buffered[cpu] -> in_memory = in_buffer[cpu]; in_buffer[cpu] = false; buffered[cpu] = false
    :: else
    fi
}

inline turnstile_lock() {
    atomic {
        assert(line[1] == 0);
        if
        :: line[0] == 0 -> line[0] = _pid + 1
        :: else -> line[1] = _pid + 1
        fi
    }
    line[0] == _pid + 1
}

inline hand_turnstile_on() {
    line[0] = line[1];
    line[1] = 0
}

/* A thread of this CPU becomes ready. */
inline make_ready(t) {
    assert(!ready[t]);                          /* woken although it does not sleep */
    ready[t] = true
}

inline wake(t) {
    if
    :: atomic { HOME(t) == HOME(_pid) -> make_ready(t) }
    :: HOME(t) != HOME(_pid) -> wake_call[t] = true
    fi
}

/* Gives the CPU away; the next step of the caller comes after a wake. */
inline block() {
    atomic {
        ready[_pid] = false;
        armed[_pid] = IS_TIMED(_pid);
        current[HOME(_pid)] = NOBODY
    }
}
