/* Enters C++ in a context that nobody has looked at (mistakes.cpp). */
        .text
        .globl  stack_mistake_vector
stack_mistake_vector:
        b       stack_mistake_entry
